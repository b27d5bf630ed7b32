"""PURE. Constants of scripts in every practice: their file suffix, and the last words of the grounding."""

SUFFIX = ".md.j2"
"""The end of a script's file name."""
LAST_WORDS = {
    "en": "That is the grounding. Nothing more plays now, until you choose Return or Finish.",
    "de": "Das war die Erdung. Jetzt spielt nichts mehr, bis du Zurück oder Beenden wählst.",
    "fr": "C'était l'ancrage. Plus rien ne joue maintenant, jusqu'à ce que tu choisisses Reprendre ou Terminer.",
    "es": "Este era el anclaje. Ya no suena nada más, hasta que elijas Volver o Terminar.",
}
"""Spoken at the end of the grounding when it is played alone, by language. Return and Finish are controls of the phone
page, in the words of phone/words/."""
