"""PURE. Numbers as English words, and durations in spoken English."""

import re
from fractions import Fraction

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def in_words(number: int) -> str:
    """Return a whole number in words; from 10**15 on, in figures.

    >>> in_words(0), in_words(33), in_words(120), in_words(5000), in_words(1_200_005)
    ('zero', 'thirty-three', 'one hundred and twenty', 'five thousand', 'one million two hundred thousand and five')
    """
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number >= 10**15:
        return str(number)
    scale, name = next(row for row in _SCALES if number >= row[0])
    count, rest = divmod(number, scale)
    joint = " and " if rest < 100 else " "
    return f"{in_words(count)} {name}" + (joint + in_words(rest) if rest else "")


def ordinal_in_words(number: int) -> str:
    """Return an ordinal number below 10**15 in words.

    >>> [ordinal_in_words(n) for n in (1, 12, 20, 22, 100, 103)]
    ['first', 'twelfth', 'twentieth', 'twenty-second', 'one hundredth', 'one hundred and third']
    """
    words = in_words(number)
    last = re.split("[ -]", words)[-1]
    ordinal = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return words.removesuffix(last) + ordinal


def year_in_words(year: int) -> str:
    """Return a year from 1100 to 2099 in spoken form.

    >>> [year_in_words(y) for y in (1900, 1905, 1999, 2000, 2008, 2026)]
    ['nineteen hundred', 'nineteen oh five', 'nineteen ninety-nine', 'two thousand', 'two thousand and eight', \
'twenty twenty-six']
    """
    century, rest = divmod(year, 100)
    if century == 20 and rest < 10:
        return in_words(year)
    tail = "hundred" if not rest else f"oh {in_words(rest)}" if rest < 10 else in_words(rest)
    return f"{in_words(century)} {tail}"


def length_in_words(seconds: Fraction) -> str:
    """Return a session's length in spoken form, with "about" if it had to be rounded to half minutes.

    >>> [length_in_words(Fraction(s)) for s in (300, 450, 3600, 5400, 6300, 2000, 60)]  # doctest: +NORMALIZE_WHITESPACE
    ['five minutes', 'seven and a half minutes', 'one hour', 'an hour and a half', 'an hour and forty-five minutes',
     'about thirty-three minutes', 'one minute']
    """
    if seconds < 60:
        whole = round(seconds)
        return f"{'' if whole == seconds else 'about '}{in_words(whole)} second{'' if whole == 1 else 's'}"
    halves = round(seconds / 30)
    if halves * 30 == seconds:
        return _half_minutes(halves)
    return "about " + _half_minutes(halves if halves < 20 else round(seconds / 60) * 2)


def _half_minutes(halves: int) -> str:
    hours, rest = divmod(halves, 120)
    if not hours:
        return _minutes(rest)
    if not rest:
        return "one hour" if hours == 1 else f"{in_words(hours)} hours"
    if rest == 60:
        return "an hour and a half" if hours == 1 else f"{in_words(hours)} and a half hours"
    return f"{'an hour' if hours == 1 else f'{in_words(hours)} hours'} and {_minutes(rest)}"


def _minutes(halves: int) -> str:
    whole, half = divmod(halves, 2)
    if not half:
        return f"{in_words(whole)} minute{'' if whole == 1 else 's'}"
    return ("half a minute", "a minute and a half")[whole] if whole < 2 else f"{in_words(whole)} and a half minutes"


_UNIT_S = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600}
_WORD_VALUE = {in_words(n): n for n in range(1, 200)}
_WORD_VALUE |= {word.replace("-", " "): n for word, n in _WORD_VALUE.items()}
_NUMBER = r"(?:\d{1,6}(?:\.\d{1,3})?|" + "|".join(sorted(map(re.escape, _WORD_VALUE), key=len, reverse=True)) + ")"
_SPOKEN = re.compile(
    rf"\b(?P<quarters>a|three) quarters? of an hour\b"
    rf"|\bhalf an? (?P<half_unit>second|minute|hour)\b"
    rf"|\b(?:one|an?) (?P<unit_first>minute|hour)(?P<tail> and a half| or two)?\b(?! ago| to \w)"
    rf"|\b(?P<low>{_NUMBER})(?:(?: or | to | ?[-–] ?)(?P<high>{_NUMBER}))?(?P<plus_half> and a half)?"
    rf"(?:[ -](?:more|quiet|full|whole|long|silent))?[ -](?P<unit>second|minute|hour|sec|min)s?\b(?! ago)",
    re.IGNORECASE,
)
_JOINED = re.compile(r",? and |, | ")


def spoken_durations(text: str) -> list[tuple[str, Fraction, Fraction]]:
    """Return the durations that a text states, as (words, least seconds, most seconds).

    Vague ones ("a few minutes", "a while") are left out.

    >>> [(w, int(a), int(b)) for w, a, b in spoken_durations("Three or four minutes, then half a minute.")]
    [('Three or four minutes', 180, 240), ('half a minute', 30, 30)]
    >>> [(w, int(a), int(b)) for w, a, b in spoken_durations("This is an hour and ten minutes.")]
    [('an hour and ten minutes', 4200, 4200)]
    >>> spoken_durations("A few minutes of quiet.")
    []
    """
    stated: list[tuple[str, Fraction, Fraction]] = []
    end, unit_before = 0, 0
    for match in _SPOKEN.finditer(text):
        low, high = _span(match)
        unit = max(seconds for word, seconds in _UNIT_S.items() if word in match[0].lower())
        if unit < unit_before and _JOINED.fullmatch(text, end, match.start()):
            words, least, most = stated.pop()
            stated.append((words + text[end : match.end()], least + low, most + high))
        else:
            stated.append((match[0], low, high))
        end, unit_before = match.end(), unit
    return stated


def _span(match: re.Match[str]) -> tuple[Fraction, Fraction]:
    """Return (least seconds, most seconds)."""
    if quarters := match["quarters"]:
        exact = Fraction(900 if quarters.lower() == "a" else 2700)
        return exact, exact
    if unit := match["half_unit"]:
        half = Fraction(_UNIT_S[unit.lower()], 2)
        return half, half
    if unit := match["unit_first"]:
        one = Fraction(_UNIT_S[unit.lower()])
        return {" and a half": (one * 3 / 2, one * 3 / 2), " or two": (one, one * 2)}.get(
            match["tail"] or "", (one, one)
        )
    scale = _UNIT_S[match["unit"].lower()]
    extra = Fraction(1, 2) if match["plus_half"] else Fraction(0)
    low = _value(match["low"]) + extra
    high = _value(match["high"]) + extra if match["high"] else low
    return low * scale, high * scale


def _value(word: str) -> Fraction:
    return Fraction(_WORD_VALUE.get(word.lower()) or word)
