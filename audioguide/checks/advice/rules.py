"""PURE. The rules, each with what to do instead, why, and where that comes from."""

from dataclasses import dataclass

_EMERSON = "Emerson & Hopper, Overcoming Trauma through Yoga (2011): invitational language"
_TRELEAVEN = "Treleaven, Trauma-Sensitive Mindfulness (2018)"
_BRITTON = "Britton et al., Clinical Psychological Science 9 (2021), doi 10.1177/2167702621996340"
_HOUSE = "this project's own rule, from how the built-in practice is said"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a careful editor looks for."""

    name: str
    instead: str
    """What to write."""
    reason: str
    source: str


_TABLE = (
    Rule(
        "command",
        'invite: "you might …", "perhaps …", "if you like …"',
        "who lies there cannot answer back, so the choice must be in the words",
        _EMERSON,
    ),
    Rule(
        "absolute",
        'leave it open: "you may notice …, or nothing much"',
        "a recording cannot know what anyone feels, and who feels something else may take it for a failure",
        f"{_BRITTON}: what people meet differs widely; {_HOUSE}",
    ),
    Rule(
        "medical-claim",
        "say what is done, not what it heals",
        "a recording treats nobody, and someone may put off a doctor because of it",
        "Van Dam et al., Perspectives on Psychological Science 13 (2018), doi 10.1177/1745691617709589",
    ),
    Rule(
        "promise-of-safety",
        "say what can be done when it does not feel safe",
        "a recording cannot know who is safe, and is with nobody",
        _HOUSE,
    ),
    Rule(
        "endure",
        "say that too much is reason enough to change or to stop",
        "lasting bad effects go with too much arousal or with drifting off, and who meets these must be free to go",
        f"{_BRITTON}: lasting bad effects in 6 to 14 %",
    ),
    Rule(
        "closed-eyes",
        'name the other ways: "eyes open, half open or closed"',
        "closed eyes feel unsafe to many people",
        f"{_TRELEAVEN}: eyes open or closed",
    ),
    Rule(
        "only-breath",
        "name another anchor beside it: a sound, the heels on the floor, a hand on a cushion",
        "the breath is not neutral for everyone",
        f"{_TRELEAVEN}: stable anchors of attention",
    ),
    Rule(
        "no-permission",
        "say so among the first words",
        "leave that comes late is leave that was missing when it was needed",
        f"{_EMERSON}; {_TRELEAVEN}",
    ),
    Rule(
        "no-way-back",
        "before it, say how to come back: eyes open, look around, feel the floor, move, come out",
        "what comes up in a long silence comes up without a voice to ask",
        f"{_TRELEAVEN}: the window of tolerance",
    ),
    Rule(
        "no-orienting",
        "near the end, offer to look around",
        "seeing where one is ends floating off, before one gets up and goes",
        f"{_TRELEAVEN}: the window of tolerance",
    ),
    Rule(
        "no-side-roll",
        "near the end, offer to roll to one side and rest there",
        "sitting straight up after a long lie can make dizzy, and is work for the belly",
        f"{_HOUSE}, and of most who teach lying down",
    ),
    Rule(
        "silence-not-announced",
        'before it, say that quiet comes: "It is quiet now for a few minutes."',
        "nobody should wonder whether the recording has stopped",
        _HOUSE,
    ),
    Rule(
        "hurried-cue",
        "give it three seconds or more",
        "what is asked takes its time, and being hurried undoes it",
        _HOUSE,
    ),
    Rule(
        "long-sentence",
        "make two of it",
        "who only hears cannot read it again",
        "GOV.UK, Sentence length: why 25 words is our limit (2014); 29 words and more are very difficult",
    ),
    Rule(
        "twice",
        "say it in other words, or once",
        "words that come again sound like a recording that has jumped back",
        _HOUSE,
    ),
)
RULES = {rule.name: rule for rule in _TABLE}
"""By name."""
