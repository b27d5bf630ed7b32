"""The built-in speech engines, one file each; child.py runs programs for two of them."""
