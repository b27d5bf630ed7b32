"""The rules of advice: each with texts that trip it, and near misses that do not."""

import re
from pathlib import Path

import pytest
from support.scripts import cues

from audioguide.checks.advice import RULES, advise, hear
from audioguide.checks.advice.english import ENGLISH
from audioguide.checks.advice.german import GERMAN
from audioguide.checks.advice.languages import words_of
from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.model import Bell, Phrase
from audioguide.speech.calibration import count_words
from audioguide.timeline.plan import lay_out, natural_length

DOC = (Path(__file__).parents[2] / "docs" / "wording.md").read_text(encoding="utf-8")
OPENING = "You may stop at any time. You may move, with your eyes open or closed."
BACK = "If it gets too much, open your eyes, look around, feel the floor, move, or come out."


def tripped_lines(
    text: str, *, ending: str = "sleep", language: str = "en", length_s: int | None = None
) -> dict[str, list[int]]:
    """Return the lines that trip each rule, in a session of some length or of its natural length."""
    what = cues(text)
    sounds = [cue for cue in what if isinstance(cue, Phrase | Bell)]
    lengths = [frames(7 if isinstance(cue, Bell) else count_words(cue.text) / 2) for cue in sounds]
    samples = length_s * RATE_HZ if length_s else natural_length(what, lengths)
    heard = hear(what, lay_out(what, lengths, samples), wakes=ending == "wake")
    tripped: dict[str, list[int]] = {}
    for one in advise(heard, language):
        tripped.setdefault(one.rule, []).append(one.where.line)
    return tripped


SENTENCES = {
    "command": (
        [
            "Close your eyes.",
            "Relax now.",
            "Breathe deeply.",
            "Roll to one side.",
            "And now, gently let go.",
            "With the next breath out, sink into the floor.",
            "Don’t move.",
            "You should lie still.",
            "Now you must surrender.",
            "You are going deeper and deeper.",
            "Put a hand on your heart.",
            "Soften your face.",
            "Relax as deeply as you can.",
            "If you are pregnant, ask a professional first. Close your eyes.",
        ],
        [
            "You might close your eyes.",
            "Perhaps relax a little.",
            "If you like, breathe more deeply.",
            "When you are ready, roll to one side.",
            "Roll to one side, if you like.",
            "You could look for a place to lie. Bend the knees there.",
            "Let your legs be long.",
            "Open your eyes, look around, feel the floor.",
            "Move, or come out altogether.",
            "Put any weight aside.",
            "Take only what you can push off alone, never over the face.",
            "Rest is allowed.",
            "Lie or sit in whatever way is comfortable.",
            "Do your lower ribs stick up?",
            "It helps you run when you have to.",
            "You do not have to hold on.",
            "A deeper cushion is fine.",
        ],
    ),
    "absolute": (
        [
            "You will feel the muscles soften.",
            "You'll notice warmth.",
            "Never move in this part.",
            "Everyone feels this.",
            "Your breath always helps.",
            "The muscle will let go.",
            "You might be completely relaxed.",
        ],
        [
            "You may feel the muscles soften, or not.",
            "Bending a knee is always allowed.",
            "Never over the face or the throat.",
            "It will not have changed much.",
            "The floor will not take it personally.",
            "The body knows why, even when nobody else does.",
            "You will hear a bell.",
        ],
    ),
    "medical-claim": (
        [
            "This heals the spine.",
            "It cures what ails you.",
            "Lying here lowers your blood pressure.",
            "It releases stored trauma.",
            "This is good for back pain.",
            "It resets your nervous system.",
        ],
        [
            "With a heart or breathing condition, please leave the chest free.",
            "Not on the chest with heart or breathing trouble.",
            "This does not heal anything.",
            "If pain comes, stop.",
            "If a wound is healing, ask a doctor first.",
            "Weight can ease worry.",
        ],
    ),
    "promise-of-safety": (
        [
            "You are safe.",
            "You’re completely safe here.",
            "Nothing bad can happen to you.",
            "I am with you.",
            "You are not alone.",
            "Everything will be fine.",
        ],
        [
            "You might choose a place where you are safe from draughts.",
            "If you are alone in the house, someone could know that you lie here.",
            "The recording is here.",
            "It is fine to leave.",
            "The door may be locked, if that feels safer.",
        ],
    ),
    "endure": (
        [
            "Perhaps stay with the discomfort.",
            "You might push through it.",
            "You can breathe into the pain.",
            "Don't give up.",
            "It may stay, even if it hurts.",
            "See if you can resist the urge to scratch.",
        ],
        [
            "There is nothing to endure.",
            "You need not push through it.",
            "It can make it easier to stay.",
            "The body holds on for good reason.",
            "Too much is reason enough to stop.",
        ],
    ),
    "long-sentence": (
        ["It goes on, " + "and on, " * 14 + "to the end."],
        ["It goes on, " + "and on, " * 12 + "to the end.", "It goes on and on. " * 10],
    ),
}
SESSIONS = {
    "closed-eyes": (
        ["You might close your eyes.", "Your eyes may be closed.", f"You might close your eyes.\n\n{BACK}"],
        [
            "You might close your eyes, or leave them open.",
            "Your eyes may close, or stay half open.",
            "Eyes open or closed are equally good.\n\nYou might close your eyes now.",
            "A door may close.",
        ],
    ),
    "only-breath": (
        ["You might follow your breath.", "# One\nPerhaps a sound.\n# Two\nYou could notice each breath."],
        [
            "You might follow your breath, or the sounds in the room.",
            "You could notice the breath.\n\nIf that is unpleasant, the heels will do as well.",
            "Rest there for a breath or two.",
        ],
    ),
    "no-permission": (
        [
            "Welcome.",
            "You may stop at any time. You may move.",
            "You may not stop, nor move, nor open your eyes.",
            f"Welcome.\n[pause 60s]\n{OPENING}",
        ],
        [OPENING, f"Welcome.\n[pause 30s]\n{OPENING}", "Stop, move, or open your eyes whenever you like."],
    ),
    "no-way-back": (
        [f"{OPENING}\nIt is quiet now.\n[pause 61s]\n{BACK}", f"{OPENING}\nQuiet.\n[pause 30s]\nStill.\n[pause 90s]"],
        [
            f"{BACK}\nIt is quiet now.\n[pause 90s]\nHere.",
            f"{OPENING}\nIt is quiet now.\n[pause 58s]\nHere.",
            "To come back, feel your feet and sit up.\n[pause 90s]\nHere.",
        ],
    ),
    "silence-not-announced": (
        ["The floor is there.\n[pause 61s]\nHere.", "It is quiet soon.\n\nThe floor is there.\n[pause 90s]\nHere."],
        [
            "It is quiet now for a few minutes.\n[pause 2m]\nHere.",
            "The floor is there.\n[pause 58s]\nHere.",
            "The silences last a few minutes each.\n[pause 2m]\nThe floor is there.\n[pause 2m]\nHere.",
            "Some quiet follows.\n[bell]\n[pause 2m]\nHere.",
        ],
    ),
    "hurried-cue": (
        [
            "You might lift an arm.\n[pause 2s]\nThe other one follows.",
            "You might lift an arm.\nPerhaps turn it.\nYou could drop it.",
        ],
        [
            "You might lift an arm.\n[pause 3s]\nThe other one follows.",
            "You might lift an arm.\nThe other one follows.\nBoth rest.",
            "You might lift an arm.\n\nPerhaps turn it.\n\nYou could drop it.",
            "You might lift an arm.\nPerhaps turn it.\n[bell]\nYou could drop it.",
        ],
    ),
    "twice": (
        ["The floor is there.\n[pause 9s]\nThe floor is there!", "All is as it was.\n\nHere.\n\nall is as it was."],
        ["The floor is there.\n[pause 9s]\nThe floor is here.", "Quiet again.\n[pause 9s]\nQuiet again."],
    ),
}
ENDS = {
    "no-orienting": (
        ["Lie down.\n# Return\nThe practice is over.", "# Return\nOpen your eyes."],
        ["# Return\nLet your eyes open, and look around.", "# Return\nPerhaps find something that has a colour."],
    ),
    "no-side-roll": (
        ["You might lie down.\n# Return\nLook around, and come up.", "You lie on your side.\n# Return\nCome up."],
        [
            "You might lie down.\n# Return\nPerhaps roll to one side.",
            "You might sit on a chair.\n# Return\nLook around, and stand up.",
            "You might lie down.\n[pause 90s]\nPerhaps roll to one side.\n# Up\nCome up slowly.",
        ],
    ),
}


def _rows(table: dict[str, tuple[list[str], list[str]]], nth: int) -> list[tuple[str, str]]:
    return [(rule, text) for rule, texts in table.items() for text in texts[nth]]


@pytest.mark.parametrize(("rule", "text"), _rows(SENTENCES, 0) + _rows(SESSIONS, 0))
def test_a_rule_is_tripped(rule: str, text: str) -> None:
    assert rule in tripped_lines(text)


@pytest.mark.parametrize(("rule", "text"), _rows(SENTENCES, 1) + _rows(SESSIONS, 1))
def test_a_near_miss_trips_nothing(rule: str, text: str) -> None:
    assert rule not in tripped_lines(text)


@pytest.mark.parametrize(("rule", "text"), _rows(ENDS, 0))
def test_a_waking_end_needs_it_and_a_sleeping_one_does_not(rule: str, text: str) -> None:
    assert rule in tripped_lines(text, ending="wake")
    assert rule not in tripped_lines(text, ending="sleep")


@pytest.mark.parametrize(("rule", "text"), _rows(ENDS, 1))
def test_a_waking_end_with_it_passes(rule: str, text: str) -> None:
    assert rule not in tripped_lines(text, ending="wake")


@pytest.mark.parametrize(
    "text", [text for texts in (SENTENCES["command"][1], SENTENCES["endure"][1]) for text in texts]
)
def test_a_near_miss_of_one_rule_trips_no_other_word_rule(text: str) -> None:
    assert not tripped_lines(text).keys() & SENTENCES.keys()


def test_every_rule_has_examples_here() -> None:
    assert {*SENTENCES, *SESSIONS, *ENDS} == set(RULES)


def test_advice_names_the_line_of_the_phrase() -> None:
    text = "You might lie down.\n\nThe floor is there.\nClose your eyes.\n[pause 4s]\nThe floor is there."

    assert tripped_lines(text)["command"] == [4]
    assert tripped_lines(text)["twice"] == [6]


def test_an_invitation_counts_only_within_its_paragraph() -> None:
    assert "command" not in tripped_lines("If you like, you could lie down. Close your eyes.")
    assert "command" in tripped_lines("If you like, you could lie down.\n\nClose your eyes.")


def test_silences_are_those_of_the_timeline() -> None:
    text = "The floor is there.\n[rest]\nHere."

    assert "silence-not-announced" not in tripped_lines(text, length_s=60)
    assert "silence-not-announced" in tripped_lines(text, length_s=120)


def test_the_silence_after_the_last_words_counts_too() -> None:
    assert "silence-not-announced" in tripped_lines("The floor is there.\n[rest]", length_s=150)


GERMAN_TEXTS = {
    "command": (
        ["Schließen Sie die Augen.", "Entspanne dich jetzt.", "Du musst liegen."],
        ["Vielleicht schließt du die Augen.", "Die Augen können zu sein.", "Schließ die Augen, wenn du magst."],
    ),
    "absolute": (
        ["Sie werden Wärme spüren.", "Niemals bewegen."],
        ["Vielleicht spüren Sie Wärme.", "Der Boden ist niemandem böse."],
    ),
    "promise-of-safety": (
        ["Du bist sicher.", "Ich bin bei dir."],
        ["Ob du sicher liegst, weißt nur du.", "Der Boden ist da."],
    ),
}


@pytest.mark.parametrize(("rule", "text"), _rows(GERMAN_TEXTS, 0))
def test_a_german_rule_is_tripped_in_german_only(rule: str, text: str) -> None:
    assert rule in tripped_lines(text, language="de-AT")
    assert rule not in tripped_lines(text, language="en")


@pytest.mark.parametrize(("rule", "text"), _rows(GERMAN_TEXTS, 1))
def test_a_german_near_miss_trips_nothing(rule: str, text: str) -> None:
    assert rule not in tripped_lines(text, language="de")


def test_a_language_without_word_lists_keeps_the_rules_about_lengths() -> None:
    assert set(tripped_lines("Close your eyes.", language="el")) == set()
    again = "Το πάτωμα είναι εδώ.\n[pause 2s]\nΤο πάτωμα είναι εδώ."
    assert set(tripped_lines(again, language="el")) == {"twice", "hurried-cue"}


def test_word_lists_are_for_known_rules_only() -> None:
    assert words_of("en-GB") is ENGLISH and words_of("DE_at") is GERMAN
    assert {*ENGLISH.rules, *GERMAN.rules} <= set(RULES)


def test_every_rule_is_in_the_document_with_its_reason_and_source() -> None:
    sections = dict(re.findall(r"^### `([\w-]+)`$(.*?)(?=^###|\Z)", DOC, re.MULTILINE | re.DOTALL))

    assert list(sections) == list(RULES)
    for rule in RULES.values():
        assert f"Why: {rule.reason}. Source: " in " ".join(sections[rule.name].split()), rule.name
        assert rule.source.split(" (")[0].split(",")[0] in DOC, rule.name


@pytest.mark.parametrize("name", list(RULES))
def test_the_examples_in_the_document_are_right(name: str) -> None:
    section = DOC.split(f"### `{name}`")[1].split("###")[0]
    blocks = re.findall(r"(Not|Better):\n\n```text\n(.*?)```", section, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["Not", "Better"]

    assert name in tripped_lines(blocks[0][1], ending="wake")
    assert not tripped_lines(blocks[1][1], ending="wake").keys() & {name, *SENTENCES}
