import pytest

from audioguide.speech.normalise import normalise


def says(text: str) -> str:
    return normalise(text, "en-US")


# --- figures ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rest for 20 minutes.", "Rest for twenty minutes."),
        ("about 1,000 of 12,345", "about one thousand of twelve thousand three hundred and forty-five"),
        ("count 5\u202f000", "count five thousand"),
        ("wait 2.5 or .5", "wait two point five or point five"),
        ("count 1,2,3", "count one, two, three"),
        ("agent 007", "agent zero zero seven"),
        ("a 2-minute rest", "a two-minute rest"),
        ("then -5 and −5", "then minus five and minus five"),
        ("3 x 4, 5 × 3, 2x a day", "Three times four, five times three, two times a day"),
        ("the 1st, 22nd and 103rd", "the first, twenty-second and one hundred and third"),
        ("page 4, or p. 5", "page four, or page five"),
        ("breathe 4-7-8", "breathe four, seven, eight"),
        ("version 1.2.3", "version one point two point three"),
    ],
)
def test_numbers_are_said_as_words(text: str, words: str) -> None:
    assert says(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 9:30", "at nine thirty"),
        ("at 9:30 p.m. You rest.", "at nine thirty PM. You rest."),
        ("at 9:30 p.m. and then", "at nine thirty PM and then"),
        ("at 9 p.m., or at 10pm?", "at nine PM, or at ten PM?"),
        ("Wake at 10 a.m.", "Wake at ten AM."),
        ("(until 10 a.m.) Rest.", "(until ten AM) Rest."),
        ("at 9.30 p.m. or 9.30pm today", "at nine thirty PM or nine thirty PM today"),
        ("at 10 am.", "at ten AM."),
        ("at 7:05", "at seven oh five"),
        ("at 12:00 or 12:00 p.m. today", "at twelve o'clock or twelve PM today"),
        ("at 10:00 o'clock", "at ten o'clock"),
        ("at 0:00, 14:00, 14:30", "at midnight, fourteen hundred, fourteen thirty"),
        ("9:30–10:00", "Nine thirty to ten o'clock"),
        ("9 a.m.–5 p.m. each day", "Nine AM to five PM each day"),
        ("early in the a.m. or so", "early in the AM or so"),
        ("a ratio of 2:1", "a ratio of two to one"),
    ],
)
def test_times_are_said_as_people_say_them(text: str, words: str) -> None:
    assert says(text) == words


@pytest.mark.parametrize("dash", ["-", "–", "—", " - ", " – "])
def test_a_dash_between_numbers_is_to(dash: str) -> None:
    assert says(f"Rest for 5{dash}10 minutes.") == "Rest for five to ten minutes."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("up 50%, or 5 %, or 5%–10%", "up fifty percent, or five percent, or five percent to ten percent"),
        ("bend 90°, then 1°", "bend ninety degrees, then one degree"),
        ("a warm 37°C or 98.6 °F", "a warm thirty-seven degrees Celsius or ninety-eight point six degrees Fahrenheit"),
        ("pay $5, $5.50, $1.01", "pay five dollars, five dollars and fifty cents, one dollar and one cent"),
        ("pay $0.50, $3 million", "pay fifty cents, three million dollars"),
        ("pay £3m, €20 or 20 €", "pay three million pounds, twenty euros or twenty euros"),
        ("in $ or £", "in dollars or pounds"),
        ("½ cup, 1½ cups, 2½–3 cups", "One half cup, one and a half cups, two and a half to three cups"),
        ("1/2 an hour, 3/4, 1 1/8", "Half an hour, three quarters, one and an eighth"),
        ("a pulse of 120/80, 24/7", "a pulse of one hundred and twenty over eighty, twenty-four seven"),
        ("5 kg, 10cm, 100 km/h", "Five kilograms, ten centimeters, one hundred kilometers an hour"),
        ("a height of 6'2\"", "a height of six foot two"),
    ],
)
def test_amounts_are_said_with_their_units(text: str, words: str) -> None:
    assert says(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("in 2026, not 1999", "in twenty twenty-six, not nineteen ninety-nine"),
        ("since 1905", "since nineteen oh five"),
        ("2000 was", "Two thousand was"),
        ("take 2026 steps", "take two thousand and twenty-six steps"),
        ("in the 1990s or '90s or ’90s", "in the nineteen nineties or nineties or nineties"),
        ("on Jan. 5, 2026", "on January fifth, twenty twenty-six"),
        ("on 2026-11-03", "on November third, twenty twenty-six"),
    ],
)
def test_years_and_dates_are_said_as_such(text: str, words: str) -> None:
    assert says(text) == words


def test_letters_with_digits_are_left_to_the_engines() -> None:
    assert says("From T12 to L4 in 3D.") == "From T12 to L4 in 3D."
    assert says("L4-L5") == "L4 to L5"


# --- abbreviations and signs ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask Dr. Smith, Mr. Jones, Mrs. Lee.", "Ask Doctor Smith, Mister Jones, Mrs Lee."),
        ("e.g. a towel", "For example a towel"),
        ("a towel, i.e., cloth", "a towel, that is, cloth"),
        ("towels, etc.", "towels, et cetera."),
        ("towels etc. Then rest.", "towels et cetera. Then rest."),
        ("towels etc. and so on", "towels et cetera and so on"),
        ("you vs. me", "you versus me"),
        ("wait approx. 5 min. Then go.", "wait approximately five minutes. Then go."),
        ("wait 5 min. more", "wait five minutes more"),
        ("one min. or a few min. more", "one minute or a few minutes more"),
        ("a 30-sec pause of 90 secs", "a thirty-second pause of ninety seconds"),
        ("no. 5", "Number five"),
        ("More? No. 5 minutes is enough.", "More? No. Five minutes is enough."),
        ("No. Five is enough.", "No. Five is enough."),
        ("you & me, R&B", "you and me, R and B"),
        ("and/or, he/she, w/o", "and or, he or she, without"),
        ("Shhh. Mmm.", "Shush. Hmm."),
    ],
)
def test_abbreviations_are_said_in_full(text: str, words: str) -> None:
    assert says(text) == words
