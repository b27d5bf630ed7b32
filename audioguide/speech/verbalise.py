"""PURE. Figures, signs and abbreviations of English text, written out as they are said.

A row of the table is a pattern and what is said for it; the rows are tried in order, each over the whole text. A row
may leave figures for a later one: "5-10 min." becomes "5 to 10 min.", "5 to 10 minutes", "five to ten minutes".
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from audioguide.core.numerals import in_words, ordinal_in_words, year_in_words
from audioguide.speech.capitals import cased, unshouted

Match = re.Match[str]

_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
_ALONE = r"(?<!\w)(?<!\d[.,])"
"""No letter and no figure in front: L4, T12 and v2 are left to the engines, which say them well."""
_NEW_SENTENCE = r"\s*$|\s+\(?[A-Z]"
_LONGEST = 15
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_MONEY = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_SCALES = {"k": "thousand", "m": "million", "bn": "billion"}
_MANY = {"penny": "pence", "half": "halves", "foot": "feet"}
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
    """What is looked for, and what is said for it."""

    pattern: re.Pattern[str]
    say: Callable[[Match], str]

    def over(self, text: str) -> str:
        """Return text with everything that is found said, with a capital where a sentence begins."""
        return self.pattern.sub(lambda found: cased(found, self.say(found)), text)


def in_english(text: str) -> str:
    """Return English text with its figures, signs and abbreviations as words.

    >>> in_english("At 9:30 p.m. rest for 5-10 min. & wait 90 sec., e.g. on 2 towels.")
    'At nine thirty PM rest for five to ten minutes and wait ninety seconds, for example on two towels.'
    """
    text = unshouted(text)
    for row in _ROWS:
        text = row.over(text)
    return text


def _stop(found: Match, follows: str = _NEW_SENTENCE) -> str:
    """Return the full stop of an abbreviation that ends a sentence too, or nothing."""
    ends = found[0].endswith(".") and re.match(follows, found.string[found.end() :])
    return "." if ends else ""


def _number(figures: str) -> str:
    whole, point, decimals = figures.replace(",", "").partition(".")
    said = [_whole(whole)] if whole else []
    return " ".join([*said, "point", *map(_digits, decimals)] if point else said)


def _whole(figures: str) -> str:
    by_figure = len(figures) > _LONGEST or (len(figures) > 1 and figures.startswith("0"))
    return _digits(figures) if by_figure else in_words(int(figures))


def _digits(figures: str) -> str:
    return " ".join(in_words(int(figure)) for figure in figures)


def _plural(name: str) -> str:
    word, *per = name.split(" ", 1)
    many = _MANY.get(word) or (word[:-1] + "ies" if word.endswith("y") else word + "s")
    return " ".join([many, *per])


# --- times and dates ---


def _clock(found: Match) -> str:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 24:
        return f"{in_words(hour)} to {in_words(minute)}"
    past = f"oh {in_words(minute)}" if 0 < minute < 10 else in_words(minute)
    if not minute:
        past = "" if found["half"] or second else "hundred" if hour > 12 else "o'clock"
    named = "midnight" if hour in (0, 24) and not minute and not second else f"{in_words(hour)} {past}".rstrip()
    return named + (f" and {in_words(second)} seconds" if second else "") + _half(found)


def _hour(found: Match) -> str:
    return _whole(found["hour"]) + _half(found)


def _half(found: Match) -> str:
    """Return the half of the day; in capitals, as "am" is a word."""
    return f" {found['half'].upper()}M" + _stop(found) if found["half"] else ""


def _iso_date(found: Match) -> str:
    year, month, day = (int(part) for part in found.groups())
    if not (1 <= month <= len(_MONTHS) and 1 <= day <= 31):
        return found[0].replace("-", ", ")
    return f"{_MONTHS[month - 1]} {ordinal_in_words(day)}, {year}"


def _month_day(found: Match) -> str:
    return f"{found[1]} {ordinal_in_words(int(found[2]))}"


def _decade(found: Match) -> str:
    figures = found[1]
    words = in_words(int(figures)) if len(figures) == 2 else year_in_words(int(figures))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


# --- amounts ---


def _money(found: Match) -> str:
    coin, part = _MONEY[found["sign"]]
    whole, _, parts = found["amount"].replace(",", "").partition(".")
    if scale := found.groupdict().get("scale"):
        return f"{_number(found['amount'])} {_SCALES.get(scale, scale)} {_plural(coin)}"
    if len(parts) != 2:
        return f"{_number(found['amount'])} {coin if found['amount'] == '1' else _plural(coin)}"
    said = [_counted(int(count or 0), name) for count, name in ((whole, coin), (parts, part))]
    return " and ".join(words for words in said if not words.startswith("zero ")) or said[0]


def _counted(count: int, name: str) -> str:
    return f"{in_words(count)} {name if count == 1 else _plural(name)}"


def _fraction(found: Match) -> str:
    whole, top, bottom = found[1], int(found[2]), int(found[3])
    if (top, bottom) == (24, 7):
        return "twenty-four seven"
    if top >= bottom or bottom > 100:
        return f"{whole or ''} {in_words(top)} over {in_words(bottom)}".strip()
    part = _DENOMINATORS.get(bottom) or ordinal_in_words(bottom)
    if whole and top == 1:
        return f"{whole} and {'an' if part.startswith('e') else 'a'} {part}"
    if bottom == 2 and re.match(r" (?:an?|the|of|your)\b", found.string[found.end() :]):
        return "half"
    return (f"{whole} and " if whole else "") + f"{in_words(top)} {part if top == 1 else _plural(part)}"


def _degrees(found: Match) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit"}.get(found[2] or "", "")
    return f"{found[1]} degree{'' if found[1] == '1' else 's'}{scale}"


def _measure(found: Match) -> str:
    unit = (_UNITS | _LETTER_UNITS)[found["unit"]]
    amount, glue = found["amount"], found["glue"] or " "
    return f"{amount}{glue}{unit if glue == '-' or amount == '1' else _plural(unit)}{_stop(found)}"


def _short_unit(found: Match) -> str:
    unit = _UNITS[found[1]]
    single = re.search(r"\b(?:an?|one|half|per|each|every) $", found.string[: found.start()], re.IGNORECASE)
    return (unit if single else _plural(unit)) + _stop(found)


def _counted_off(found: Match) -> str:
    return re.sub("[-–]", ", ", found[0])


# --- the table ---


def _row(pattern: str, say: str | Callable[[Match], str], flags: int = 0) -> Rewrite:
    return Rewrite(re.compile(pattern, flags), say if callable(say) else lambda found: found.expand(say))


def _word(pattern: str, said: str, follows: str = r"\s*$") -> Rewrite:
    """Return a row for an abbreviation in any case; its full stop stays where it ends the text (or what follows)."""
    return Rewrite(
        re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-])", re.IGNORECASE), lambda found: said + _stop(found, follows)
    )


def _title(short: str, said: str) -> Rewrite:
    return _row(rf"\b{short}\b\.?(?=\s+[A-Z\ue000])", said)


_HALF = r"(?P<half>[ap])(?:m\b|\.\s?m\b\.?)"
_UNIT_NAMES = "|".join(sorted(_UNITS, key=len, reverse=True))
_SHORT_MONTHS = "|".join(sorted(_MONTH, key=len, reverse=True))
_SCALE_NAMES = "|".join(name for row in _SCALES.items() for name in row)
_COUNTED = rf"(?!\s+(?!{_WORD_LIKE}\b)(?:people|[a-z]+s)\b)"
"""Not before what is counted: "in 2026", but 2,026 steps."""

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
    # figures that mean more than their number
    _row(
        rf"(?:(\d)\s?)?([{VULGAR_FRACTIONS}])", lambda found: (found[1] + " " if found[1] else "") + _VULGAR[found[2]]
    ),
    _row(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])", _iso_date),
    _row(rf"\b({_SHORT_MONTHS})\.(?=\s\d)", lambda found: _MONTH[found[1]]),
    _row(rf"\b({'|'.join(_MONTHS)})\s(\d{{1,2}})(?![\w:%°/]|[.,-]\d){_COUNTED}", _month_day),
    _row(r"(?<![\w-])\d+(?:[-–]\d+){2,}(?![\w-])", _counted_off),
    _row(r"(\d[%°]?[CF]?|\d(?:s|st|nd|rd|th)|\d ?[ap]\.?m\.?)(?:[-–—−]| [-–] )(?=[$£€]?[A-Z]?\.?\d)", r"\1 to "),
    _row(rf"{_ALONE}(\d{{1,2}})\.(?=[0-5]\d\s?{_HALF})", r"\1:"),
    _row(
        rf"{_ALONE}(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])(?:\s?{_HALF}|\s+o'clock)?",
        _clock,
        re.IGNORECASE,
    ),
    _row(rf"{_ALONE}(?P<hour>\d{{1,2}})\s?{_HALF}", _hour, re.IGNORECASE),
    _row(r"\b([AaPp])\.\s?[Mm]\b\.?", lambda found: f"{found[1].upper()}M{_stop(found)}"),
    _row(r"(?<=\d):(?=\d)", " to "),
    _row(rf"(?P<sign>[$£€])\s?(?P<amount>{_NUMBER})(?:\s?(?P<scale>{_SCALE_NAMES})\b)?", _money),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})\s?(?P<sign>[£€])", _money),
    _row(r"(?<![\w'])'?((?:1[1-9]|20)?\d0)'?s\b", _decade),
    _row(r"(\d+)'(\d+)(?!\w)", r"\1 foot \2"),
    _row(r"(?<=\d)'(?!\w)", " feet"),
    _row(rf"{_ALONE}(\d[\d,]*)(?:st|nd|rd|th)\b", lambda found: ordinal_in_words(int(found[1].replace(",", "")))),
    _row(r"(?<![\w/.])(?:(\d+)[ -])?(\d+)/([1-9]\d*)(?![\d/])", _fraction),
    _row(r"(?<=\d)/(?=\d)", " slash "),
    _row(rf"({_NUMBER})\s?°(?:\s?([CF])\b)?", _degrees),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})(?P<glue>[ -]?)(?P<unit>{_UNIT_NAMES})(?![\w/'])\.?", _measure),
    _row(rf"{_ALONE}(?P<amount>{_NUMBER})(?P<glue> )(?P<unit>[{''.join(_LETTER_UNITS)}])(?![\w/'.])", _measure),
    _row(r"\b(mins?|secs?|hrs?)\.", _short_unit),
    _row(r"(?<=\d)\s?[×x]\s?(?=\d)|\s?×\s?|(?<=\d)\s?x(?![\w-])", " times "),
    _row(r"(?<![\w%°)-])[-−](?=[$£€]?\.?\d)", "minus "),
    _row(r"\s?−\s?", " minus "),
    _row(rf"{_ALONE}(1[1-9]\d\d|20\d\d)(?!\w|[.,]\d){_COUNTED}", lambda found: year_in_words(int(found[1]))),
    _row(r"(?<!\w)\d+(?:\.\d+){2,}(?!\w)", lambda found: found[0].replace(".", " point ")),
    _row(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))", ", "),
    _row(rf"{_ALONE}{_NUMBER}(?!\w)", lambda found: _number(found[0])),
    # signs that are left
    _row(r"\s?%", " percent"),
    _row(r"\s?°", " degrees"),
    _row(r"\s?([$£€])\s?", lambda found: f" {_plural(_MONEY[found[1]][0])} "),
    _row(r"\s?&\s?", " and "),
    _row(r"(?<=\band)/(?=or\b)", " ", re.IGNORECASE),
    _row(r"\s?/\s?", " or "),
)
