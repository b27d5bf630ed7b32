"""Permissions (to stop, move, look or come out) and warnings are recognised by their words."""

import pytest

from audioguide.practice.permission_phrases import is_permission_or_warning


@pytest.mark.parametrize(
    "text",
    [
        "You may stop at any time.",
        "Stop whenever you like.",
        "You can skip a part.",
        "Move if you would like to.",
        "Anything that pinches may be moved, now or later.",
        "Moving is fine.",
        "You are free to leave at any point.",
        "Leaving is always right too.",
        "Come out when it is enough.",
        "Coming out is a choice.",
        "If you would rather get up, do.",
        "Eyes open or closed, as you like.",
        "Your eyes may open.",
        "Open your eyes, and look around.",
        "Close the eyes, or don't.",
        "You can keep closed eyes.",
        "Only what you can push off alone.",
        "It can be pushed quite aside.",
        "Bending a knee is always allowed.",
        "If it gets too much, there is no need to stay.",
        "If you would rather not, leave it.",
        "If you meet sharp pain, come up.",
        "With spreading numbness, come up.",
        "If you feel faint, come up.",
        "With trouble breathing, come up.",
        "If you are pregnant, ask first.",
        "In pregnancy, ask first.",
        "Ask a professional.",
        "Tell someone you trust.",
        "Here is a short way back.",
    ],
)
def test_permissions_and_warnings_are_recognised_in_any_case(text: str) -> None:
    assert is_permission_or_warning(text, "en")
    assert is_permission_or_warning(text.upper(), "en")
    assert is_permission_or_warning(f"It is quiet now. {text}", "en")


@pytest.mark.parametrize(
    "text",
    [
        "The floor carries you.",
        "From here on there is nothing to do.",
        "There is no need to do anything.",
        "The unstoppable floor.",  # not stop
        "Perhaps a painting comes to mind.",  # not pain
        "The stopper is out of the bath.",
        "Your breath may become quiet.",  # not breathing
        "An open window.",  # not eyes
        "The eyebrows are smooth, and opened to the sky.",
        "The leaves of a tree.",
        "The clouds come and go.",  # not coming out
        "Warmth comes outwards from the belly.",
        "Push nothing, and pull nothing.",  # not off
        "Much of it is floor.",  # not too much
        "A movement of the air.",
        "The way to the back of the room.",
        "It is the trust that the floor has in you.",
    ],
)
def test_similar_phrases_are_not_recognised(text: str) -> None:
    assert not is_permission_or_warning(text, "en")


@pytest.mark.parametrize("language", ["en", "EN", "en-GB", "en-us"])
def test_every_variety_of_english_counts_as_english(language: str) -> None:
    assert is_permission_or_warning("You may stop.", language)


@pytest.mark.parametrize("language", ["de", "eng", "", "x-en"])
def test_nothing_is_recognised_in_other_languages(language: str) -> None:
    assert not is_permission_or_warning("You may stop.", language)
