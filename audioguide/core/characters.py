"""PURE. Characters that cannot be spoken or shown."""

import re

PRIVATE = re.compile("[\ue000-\uf8ff\ud800-\udfff\U000f0000-\U0010ffff]")
"""Characters without a meaning of their own, and halves of surrogate pairs."""
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""C0 and C1 controls, what turns text around (Unicode bidi overrides and isolates), and spaces without width."""
