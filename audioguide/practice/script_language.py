"""PURE. What belongs to scripts in every practice: their file suffix, and the grounding's last words by language."""

SUFFIX = ".md.j2"
"""How a script's file name ends."""
LAST_WORDS = {
    "en": "That is the grounding. Nothing more plays now, until you choose Return or Finish.",
    "de": "Das war die Erdung. Jetzt spielt nichts mehr, bis du Zurück oder Beenden wählst.",
    "fr": "C'était l'ancrage. Plus rien ne joue maintenant, jusqu'à ce que tu choisisses Reprendre ou Terminer.",
    "es": "Este era el anclaje. Ya no suena nada más, hasta que elijas Volver o Terminar.",
}
"""By language: how the grounding ends where it stands by itself, with the names of the phone page's controls."""
