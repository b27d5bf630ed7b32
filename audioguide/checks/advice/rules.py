"""PURE. The rules of advice: what to write instead, why, and the source of each."""

from dataclasses import dataclass

_EMERSON = "Emerson & Hopper, Overcoming Trauma through Yoga (2011): invitational language"
_TRELEAVEN = "Treleaven, Trauma-Sensitive Mindfulness (2018)"
_BRITTON = "Britton et al., Clinical Psychological Science 9 (2021), doi 10.1177/2167702621996340"
_HOUSE = "this project's own rule, from the style of the built-in practice"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a careful editor would apply."""

    name: str
    instead: str
    """What to write."""
    reason: str
    source: str


_TABLE = (
    Rule(
        "command",
        'invite: "you might …", "perhaps …", "if you like …"',
        "a listener cannot answer back, so the words themselves must leave a choice",
        _EMERSON,
    ),
    Rule(
        "absolute",
        'leave it open: "you may notice …, or nothing much"',
        "a recording cannot know what anyone feels, and someone who feels something else may think they have failed",
        f"{_BRITTON}: people's experiences differ widely; {_HOUSE}",
    ),
    Rule(
        "medical-claim",
        "describe the practice, not what it heals",
        "a recording cannot treat anyone, and someone may put off seeing a doctor because of it",
        "Van Dam et al., Perspectives on Psychological Science 13 (2018), doi 10.1177/1745691617709589",
    ),
    Rule(
        "promise-of-safety",
        "say what a listener can do if it does not feel safe",
        "a recording cannot know whether anyone is safe, and is not with anyone",
        _HOUSE,
    ),
    Rule(
        "endure",
        "say that too much is reason enough to change something, or to stop",
        "lasting harm is linked to overarousal and dissociation, and anyone who feels these must be free to stop",
        f"{_BRITTON}: lasting harm in 6 to 14 %",
    ),
    Rule(
        "closed-eyes",
        'say that they may also be open: "eyes open, half open or closed"',
        "closing the eyes feels unsafe to many people",
        f"{_TRELEAVEN}: eyes open or closed",
    ),
    Rule(
        "only-breath",
        "offer another anchor as well: a sound, the heels on the floor, a hand on a cushion",
        "attending to the breath is distressing for some people",
        f"{_TRELEAVEN}: stable anchors of attention",
    ),
    Rule(
        "no-permission",
        "give it in the first few sentences",
        "permission that comes late was missing when it was needed",
        f"{_EMERSON}; {_TRELEAVEN}",
    ),
    Rule(
        "no-way-back",
        "before the silence, say how to come back: open the eyes, look around, feel the floor, move, come out",
        "whatever comes up in a long silence, there is no voice to turn to",
        f"{_TRELEAVEN}: the window of tolerance",
    ),
    Rule(
        "no-orienting",
        "near the end, invite the listener to look around",
        "seeing the room helps people come fully back before they get up",
        f"{_TRELEAVEN}: the window of tolerance",
    ),
    Rule(
        "no-side-roll",
        "near the end, suggest rolling to one side and resting there",
        "sitting straight up after lying for a long time can make people dizzy, and strains the belly",
        f"{_HOUSE}, and that of most who teach lying down",
    ),
    Rule(
        "silence-not-announced",
        'announce it: "It is quiet now for a few minutes."',
        "no one should have to wonder whether the recording has stopped",
        _HOUSE,
    ),
    Rule(
        "hurried-cue",
        "allow three seconds or more",
        "following a cue takes time, and hurry undoes its effect",
        _HOUSE,
    ),
    Rule(
        "long-sentence",
        "split it in two",
        "a listener cannot go back and read it again",
        "GOV.UK, Sentence length: why 25 words is our limit (2014); 29 words and more are very difficult",
    ),
    Rule(
        "twice",
        "say it only once, or in other words",
        "a repeated line sounds as if the recording had jumped back",
        _HOUSE,
    ),
)
RULES = {rule.name: rule for rule in _TABLE}
"""By name."""
