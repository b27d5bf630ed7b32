"""PURE. The words of three rules in German: a small set that shows how to add a language."""

from audioguide.checks.advice.vocabulary import WordRule, Words, leads, openings, words

_VERBS = """
    entspann|schließ|schliess|atm|spür|fühl|leg|roll|dreh|halt|bleib|konzentrier|stell|beobacht|bemerk|nimm|nehm
    |sink|streck|heb|senk|richt
"""
_SOFT = """
    vielleicht|wenn|falls|ob|magst|mögen|möchtest|möchten|kannst|können|könntest|könnten|darfst|dürfen|gern|gerne|oder_nicht
"""

GERMAN = Words(
    rules={
        "command": WordRule(
            pattern=openings(
                rf"""
                (?:(?:und|dann|nun|jetzt|bitte|langsam|sanft)_)*(?:(?:{_VERBS})(?:e|t|et|en_sie|e_dich|en_wir)?
                |lass(?:e|en_sie)?_(?:los|alles_los))|du_(?:musst|sollst)|sie_(?:müssen|sollen)
                """
            ),
            unless=words(rf"{_SOFT}|augen_auf|öffne\w*"),
            prepared=words("vielleicht|wenn_(?:du_magst|sie_mögen)|(?:du_kannst|sie_können)"),
        ),
        "absolute": WordRule(
            pattern=words(
                r"""
                (?:du_wirst|sie_werden)_(?:\w+_){0,6}(?:spüren|fühlen|merken|entspannen|loslassen|schlafen)
                |niemals|völlig_(?:entspannt|ruhig|still)|auf_jeden_fall|alle_(?:spüren|fühlen)
                """
            ),
            unless=words("vielleicht|vermutlich|ob"),
        ),
        "promise-of-safety": WordRule(
            pattern=words(
                r"""
                (?:du_bist|sie_sind)_(?:\w+_)?(?:sicher|in_sicherheit|geborgen|nicht_allein)|ich_bin_bei_(?:dir|ihnen)
                |(?:dir|ihnen)_kann_nichts_(?:passieren|geschehen)|alles_(?:ist|wird)_gut
                """
            ),
            negated=leads("(?:wenn|ob|falls)_(?:\\w+_)?"),
        ),
    },
)
