"""PURE. Numbers, signs and abbreviations of English text, written out as words.

Each row of the table is a pattern and its replacement; the rows are applied in order, each to the whole text. A row may
leave figures for a later one: "5-10 min." becomes "5 to 10 min.", "5 to 10 minutes", "five to ten minutes".
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from audioguide.core.numerals import in_words, ordinal_in_words, year_in_words
from audioguide.speech.capitals import cased, unshouted

Match = re.Match[str]

_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
_ALONE = r"(?<!\w)(?<!\d[.,])"
"""Not after a letter or digit: L4, T12 and v2 are left to the engines, which say them well."""
_NEW_SENTENCE = r"\s*$|\s+\(?[A-Z]"
_LONGEST_NUMBER = 15
"""Digits; a longer number is read digit by digit."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_MONEY = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_SCALES = {"k": "thousand", "m": "million", "bn": "billion"}
_PLURALS = {"penny": "pence", "half": "halves", "foot": "feet"}
_DENOMINATORS = {2: "half", 4: "quarter"}
_VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
VULGAR_FRACTIONS = "".join(_VULGAR)
_UNITS = {
    "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "hr": "hour", "hrs": "hour",
    "mm": "millimeter", "cm": "centimeter", "km": "kilometer", "ml": "milliliter", "kg": "kilogram",
    "lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot", "mph": "mile an hour", "km/h": "kilometer an hour",
}  # fmt: skip
_LETTER_UNITS = {"m": "meter", "g": "gram", "s": "second", "h": "hour"}
_WORD_LIKE = r"(?:is|was|has|as|this|its|us|always|perhaps|it's|that's)"


class Rewrite(NamedTuple):
    """A pattern, and the words for a match."""

    pattern: re.Pattern[str]
    words: Callable[[Match], str]

    def apply(self, text: str) -> str:
        """Return text with every match replaced by its words, capitalized where a sentence begins."""
        return self.pattern.sub(lambda match: cased(match, self.words(match)), text)


def in_english(text: str) -> str:
    """Return English text with its numbers, signs and abbreviations as words.

    >>> in_english("At 9:30 p.m. rest for 5-10 min. & wait 90 sec., e.g. on 2 towels.")
    'At nine thirty PM rest for five to ten minutes and wait ninety seconds, for example on two towels.'
    """
    text = unshouted(text)
    for row in _ROWS:
        text = row.apply(text)
    return text


def _stop(match: Match, follows: str = _NEW_SENTENCE) -> str:
    """Return the full stop of an abbreviation if it also ends a sentence, or an empty string."""
    ends = match[0].endswith(".") and re.match(follows, match.string[match.end() :])
    return "." if ends else ""


def _number(figures: str) -> str:
    whole, point, decimals = figures.replace(",", "").partition(".")
    words = [_integer(whole)] if whole else []
    return " ".join([*words, "point", *map(_digits, decimals)] if point else words)


def _integer(figures: str) -> str:
    by_digit = len(figures) > _LONGEST_NUMBER or (len(figures) > 1 and figures.startswith("0"))
    return _digits(figures) if by_digit else in_words(int(figures))


def _digits(figures: str) -> str:
    return " ".join(in_words(int(figure)) for figure in figures)


def _plural(name: str) -> str:
    word, *per = name.split(" ", 1)
    plural = _PLURALS.get(word) or (word[:-1] + "ies" if word.endswith("y") else word + "s")
    return " ".join([plural, *per])


# --- times and dates ---


def _clock(match: Match) -> str:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if hour > 24:
        return f"{in_words(hour)} to {in_words(minute)}"
    past = f"oh {in_words(minute)}" if 0 < minute < 10 else in_words(minute)
    if not minute:
        past = "" if match["half"] or second else "hundred" if hour > 12 else "o'clock"
    named = "midnight" if hour in (0, 24) and not minute and not second else f"{in_words(hour)} {past}".rstrip()
    return named + (f" and {in_words(second)} seconds" if second else "") + _half(match)


def _hour(match: Match) -> str:
    return _integer(match["hour"]) + _half(match)


def _half(match: Match) -> str:
    """Return AM or PM with a space before it; in capitals, because "am" is a word."""
    return f" {match['half'].upper()}M" + _stop(match) if match["half"] else ""


def _iso_date(match: Match) -> str:
    year, month, day = (int(part) for part in match.groups())
    if not (1 <= month <= len(_MONTHS) and 1 <= day <= 31):
        return match[0].replace("-", ", ")
    return f"{_MONTHS[month - 1]} {ordinal_in_words(day)}, {year}"


def _month_day(match: Match) -> str:
    return f"{match[1]} {ordinal_in_words(int(match[2]))}"


def _decade(match: Match) -> str:
    figures = match[1]
    words = in_words(int(figures)) if len(figures) == 2 else year_in_words(int(figures))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


# --- amounts ---


def _money(match: Match) -> str:
    coin, part = _MONEY[match["sign"]]
    whole, _, parts = match["amount"].replace(",", "").partition(".")
    if scale := match.groupdict().get("scale"):
        return f"{_number(match['amount'])} {_SCALES.get(scale, scale)} {_plural(coin)}"
    if len(parts) != 2:
        return f"{_number(match['amount'])} {coin if match['amount'] == '1' else _plural(coin)}"
    amounts = [_counted(int(count or 0), name) for count, name in ((whole, coin), (parts, part))]
    return " and ".join(words for words in amounts if not words.startswith("zero ")) or amounts[0]


def _counted(count: int, name: str) -> str:
    return f"{in_words(count)} {name if count == 1 else _plural(name)}"


def _fraction(match: Match) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    if (top, bottom) == (24, 7):
        return "twenty-four seven"
    if top >= bottom or bottom > 100:
        return f"{whole or ''} {in_words(top)} over {in_words(bottom)}".strip()
    part = _DENOMINATORS.get(bottom) or ordinal_in_words(bottom)
    if whole and top == 1:
        return f"{whole} and {'an' if part.startswith('e') else 'a'} {part}"
    if bottom == 2 and re.match(r" (?:an?|the|of|your)\b", match.string[match.end() :]):
        return "half"
    return (f"{whole} and " if whole else "") + f"{in_words(top)} {part if top == 1 else _plural(part)}"


def _degrees(match: Match) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit"}.get(match[2] or "", "")
    return f"{match[1]} degree{'' if match[1] == '1' else 's'}{scale}"


def _measure(match: Match) -> str:
    unit = (_UNITS | _LETTER_UNITS)[match["unit"]]
    amount, glue = match["amount"], match["glue"] or " "
    return f"{amount}{glue}{unit if glue == '-' or amount == '1' else _plural(unit)}{_stop(match)}"


def _short_unit(match: Match) -> str:
    unit = _UNITS[match[1]]
    single = re.search(r"\b(?:an?|one|half|per|each|every) $", match.string[: match.start()], re.IGNORECASE)
    return (unit if single else _plural(unit)) + _stop(match)


def _count_aloud(match: Match) -> str:
    return re.sub("[-–]", ", ", match[0])


# --- the table ---


def _row(pattern: str, words: str | Callable[[Match], str], flags: int = 0) -> Rewrite:
    return Rewrite(re.compile(pattern, flags), words if callable(words) else lambda match: match.expand(words))


def _word(pattern: str, words: str, follows: str = r"\s*$") -> Rewrite:
    """Return a row for an abbreviation in any case; its full stop is kept if the pattern follows comes after it."""
    return Rewrite(
        re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-])", re.IGNORECASE), lambda match: words + _stop(match, follows)
    )


def _title(short: str, words: str) -> Rewrite:
    return _row(rf"\b{short}\b\.?(?=\s+[A-Z\ue000])", words)


_HALF = r"(?P<half>[ap])(?:m\b|\.\s?m\b\.?)"
_UNIT_NAMES = "|".join(sorted(_UNITS, key=len, reverse=True))
_SHORT_MONTHS = "|".join(sorted(_MONTH, key=len, reverse=True))
_SCALE_NAMES = "|".join(name for row in _SCALES.items() for name in row)
_COUNTED = rf"(?!\s+(?!{_WORD_LIKE}\b)(?:people|[a-z]+s)\b)"
"""Not followed by something that is counted: a year in "in 2026", but a number in "2026 steps"."""

_ROWS = (
    # words
    _row(r"(?<!\w)'em\b", "them"),
    _row(r"(?<![\w-])[Ss]h{2,}(?![\w-])", "shush"),
    _row(r"(?<!\d )(?<![\w-])[Mm]{2,}(?![\w-])", "hmm"),
    _title("Dr", "Doctor"),
    _title("Mr", "Mister"),
    _title("Mrs", "Mrs"),
    _title("Ms", "Miz"),
    _title("Prof", "Professor"),
    _title("St", "Saint"),
    _word(r"e\.\s?g\b\.?", "for example"),
    _word(r"i\.\s?e\b\.?", "that is"),
    _word(r"a\.k\.a\b\.?", "also known as"),
    _word(r"etc\b\.?", "et cetera", _NEW_SENTENCE),
    _word(r"vs\b\.?", "versus"),
    _word(r"approx\b\.?", "approximately"),
    _word(r"incl\.", "including"),
    _word(r"esp\.", "especially"),
    _word(r"max\.", "maximum"),
    _word(r"w/o\b", "without"),
    _word(r"w/(?!\w)", "with"),
    _row(r"\b[Pp]\.\s?(?=\d)", "page "),
    _row(rf"\b[Nn]o\.\s?(?=\d+\b{_COUNTED})", "number "),
    # figures with a meaning: dates, times, amounts
    _row(
        rf"(?:(\d)\s?)?([{VULGAR_FRACTIONS}])", lambda match: (match[1] + " " if match[1] else "") + _VULGAR[match[2]]
    ),
    _row(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])", _iso_date),
    _row(rf"\b({_SHORT_MONTHS})\.(?=\s\d)", lambda match: _MONTH[match[1]]),
    _row(rf"\b({'|'.join(_MONTHS)})\s(\d{{1,2}})(?![\w:%°/]|[.,-]\d){_COUNTED}", _month_day),
    _row(r"(?<![\w-])\d+(?:[-–]\d+){2,}(?![\w-])", _count_aloud),
    _row(r"(\d[%°]?[CF]?|\d(?:s|st|nd|rd|th)|\d ?[ap]\.?m\.?)(?:[-–—−]| [-–] )(?=[$£€]?[A-Z]?\.?\d)", r"\1 to "),
    _row(rf"{_ALONE}(\d{{1,2}})\.(?=[0-5]\d\s?{_HALF})", r"\1:"),
    _row(
        rf"{_ALONE}(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])(?:\s?{_HALF}|\s+o'clock)?",
        _clock,
        re.IGNORECASE,
    ),
    _row(rf"{_ALONE}(?P<hour>\d{{1,2}})\s?{_HALF}", _hour, re.IGNORECASE),
    _row(r"\b([AaPp])\.\s?[Mm]\b\.?", lambda match: f"{match[1].upper()}M{_stop(match)}"),
    _row(r"(?<=\d):(?=\d)", " to "),
    _row(rf"(?P<sign>[$£€])\s?(?P<amount>{_NUMBER})(?:\s?(?P<scale>{_SCALE_NAMES})\b)?", _money),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})\s?(?P<sign>[£€])", _money),
    _row(r"(?<![\w'])'?((?:1[1-9]|20)?\d0)'?s\b", _decade),
    _row(r"(\d+)'(\d+)(?!\w)", r"\1 foot \2"),
    _row(r"(?<=\d)'(?!\w)", " feet"),
    _row(rf"{_ALONE}(\d[\d,]*)(?:st|nd|rd|th)\b", lambda match: ordinal_in_words(int(match[1].replace(",", "")))),
    _row(r"(?<![\w/.])(?:(\d+)[ -])?(\d+)/([1-9]\d*)(?![\d/])", _fraction),
    _row(r"(?<=\d)/(?=\d)", " slash "),
    _row(rf"({_NUMBER})\s?°(?:\s?([CF])\b)?", _degrees),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})(?P<glue>[ -]?)(?P<unit>{_UNIT_NAMES})(?![\w/'])\.?", _measure),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})(?P<glue> )(?P<unit>[{''.join(_LETTER_UNITS)}])(?![\w/'.])", _measure),
    _row(r"\b(mins?|secs?|hrs?)\.", _short_unit),
    _row(r"(?<=\d)\s?[×x]\s?(?=\d)|\s?×\s?|(?<=\d)\s?x(?![\w-])", " times "),
    _row(r"(?<![\w%°)-])[-−](?=[$£€]?\.?\d)", "minus "),
    _row(r"\s?−\s?", " minus "),
    _row(rf"{_ALONE}(1[1-9]\d\d|20\d\d)(?!\w|[.,]\d){_COUNTED}", lambda match: year_in_words(int(match[1]))),
    _row(r"(?<!\w)\d+(?:\.\d+){2,}(?!\w)", lambda match: match[0].replace(".", " point ")),
    _row(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))", ", "),
    _row(rf"{_ALONE}{_NUMBER}(?!\w)", lambda match: _number(match[0])),
    # the remaining signs
    _row(r"\s?%", " percent"),
    _row(r"\s?°", " degrees"),
    _row(r"\s?([$£€])\s?", lambda match: f" {_plural(_MONEY[match[1]][0])} "),
    _row(r"\s?&\s?", " and "),
    _row(r"(?<=\band)/(?=or\b)", " ", re.IGNORECASE),
    _row(r"\s?/\s?", " or "),
)
