"""PURE. The words of the rules in English."""

from audioguide.checks.advice.vocabulary import Sign, WordRule, Words, leads, openings, words

_VERBS = """
    relax|release|soften|surrender|melt|sink|breathe|inhale|exhale|close|shut|lie|roll|turn|bend|straighten|stretch|lift
    |raise|lower|drop|press|push|pull|squeeze|tense|tighten|hold|keep|stay|remain|rest|settle|feel|notice|observe|watch
    |listen|focus|concentrate|pay_attention|bring|place|put|take|make|imagine|picture|visuali[sz]e|think|remember|count
    |repeat|say|let_go|become|be_(?:still|quiet|calm|here|present|aware)|start|begin|continue|go|return|sit|stand|kneel
    |scan|follow|sense|slide|draw|find|try|hum|swallow|smile|sleep|allow_yourself_to_let_go
"""
"""What guides ask for, except what is always a way out: open the eyes, look, move, stop, leave, come out."""
_LEAD_IN = """
    (?:(?:and|then|now|so|next|again|just|please|gently|slowly|softly|simply|also|first|finally|really|once_more),?_)*
"""
_NO_NOUN = r"(?!_(?:is|are|was|were|may|can|could|might|will|would|comes?|has|have|does|of|here_is))"
"""After a verb that may also be a noun: "Rest is allowed.\""""
_SOFT = """
    perhaps|maybe|possibly|(?<!as_)(?<!even_)if|whether|whenever|wherever|however_you|or_not|whichever
    |in_(?:whatever|any)_way|whatever_(?:suits|feels|is_(?:comfortable|pleasant|easy))
    |when_(?:you(?:_are|'re)_ready|you_(?:like|wish|want|feel_like|please)|that_suits|it_suits)
    |as_you_(?:like|wish|please)|(?<!as_)(?:you|it|they|that|one|some)_can|might|could|may|feel_free
    |(?:your|an?)_(?:choice|invitation|option)|invited?|invites|in_your_own_time|at_your_own|up_to_you|would_you
"""
_PREPARED = """
    perhaps|maybe|if_(?:you_(?:like|wish|want|prefer)|you(?:'d|_would)_(?:like|rather)|that_suits|it_suits)
    |when(?:ever)?_you(?:_are|'re)_ready|you_(?:might|could)|as_you_(?:like|wish|please)|you_are_(?:invited|free)
    |would_you_(?:like|care)|in_your_own_time
"""
_SAFETY = r"""
    (?:open|opening)_(?:your|the)_eyes|look(?:ing)?_(?:around|about)|feel_the_(?:floor|ground|bed|chair|seat|mat)
    |come_(?:out|up|back)|push_[^.]*(?:off|away|aside)|(?:put|lay|take|push|set)_[^.]*(?:aside|off|away)
    |take_(?:your_time|all_the_time|as_long|care|only)|over_(?:\w+_){0,3}(?:face|throat|mouth|nose)|throat_free|heart_(?:or|and)
    |pregnan\w*|doctor|physician|professional|emergency|pain|numbness|faint\w*|dizz\w*|drive|worry
"""
"""Ways out, limits and warnings, which may be said as plain commands."""

_COMMAND = WordRule(
    pattern=openings(
        rf"""
        {_LEAD_IN}(?:(?:do_not|don't|never)_(?:even_)?\w+|(?:{_VERBS})\b{_NO_NOUN}|make_sure|be_sure_to)
        |(?:with|on|as|after|before|while|when|in|at|from|for|during|once|by)\b[^,.;:]*,_{_LEAD_IN}(?:{_VERBS})
        |[^.]*[,;:–—]_(?:and_)?(?:now|just),?_(?:relax|let_go|breathe|release|soften|sink|close|surrender)
        |.*(?<!if_)(?<!when_)(?<!whenever_)(?<!as_)(?<!until_)(?<!nothing_)(?<!anything_)(?<!what_)(?<!all_)(?<!that_)
        (?<!do_)you_(?:must|should|ought_to|(?:really_|now_)?(?:have|need)_to(?!_\w+_nothing)|are_to|had_better)
        |.*(?:sink\w*|go|going|drop\w*|relax\w*|fall\w*)_(?:\w+_)?deeper|.*deeper_and_deeper|.*surrender
        """
    ),
    unless=words(rf"{_SOFT}|{_SAFETY}"),
    prepared=words(_PREPARED),
)
_ABSOLUTE = WordRule(
    pattern=words(
        r"""
        never_(?:move|open|stop|change|leave|touch|fall|think|let|go|get|do|ever|look|give)
        |you(?:_will|'ll|_are_going_to|'re_going_to)_(?:now_|soon_|then_|surely_|always_|also_|be_able_to_)?
        (?:feel|notice|sense|find|experience|relax|sink|sleep|fall|drift|become|let_go|see_that
        |be_(?:\w+ly_)?(?:relaxed|calm|calmer|asleep|at_peace|fine|rested|still|free))
        |your_(?:\w+_){1,3}will_(?:relax|soften|release|let_go|sink|become|feel|melt|open|slow|calm)
        |(?:the|these|those)_(?:psoas|muscles?|body|mind|breath|tension|thoughts?)_(?:will|always)_
        (?:relax|soften|release|let_go|sink|become|melt|open|slow|calm|leave|disappear|dissolve)\w*
        |always_(?:feel|feels|keep|stay|works?|helps?|breathe|remember|relax\w*|let)
        |every(?:one|body)_(?:feels?|will|can|does|loves|needs|must|knows)
        |(?:completely|totally|perfectly|entirely|utterly|absolutely)_
        (?:relax\w*|still|calm|at_peace|let_go|motionless|empty|quiet|free|limp)
        |without_(?:any_)?exception|no_matter_what|at_all_times|impossible_to|guaranteed?
        """
    ),
    negated=leads(r"(?:not|no|nobody|need_not|don't|without|rather_than|if|whether|what|whatever|when)_"),
)
_AILMENTS = r"""
    (?:pains?|aches?|anxiety|depression|insomnia|trauma|ptsd|illness\w*|diseases?|inflammation|migraines?|headaches?
    |arthritis|asthma|blood_pressure|sciatica|cortisol|stress_hormones?|injur(?:y|ies)|panic|toxins|disorders?)
"""
_MEDICAL = WordRule(
    pattern=words(
        rf"""
        heal(?:s|ing)?|cur(?:e|es|ing)|therap(?:y|eutic)(?:_effects?)?|detox\w*|remed(?:y|ies)
        |(?:treat|reliev|reduc|lower|remov|eliminat|end|stop|prevent|fix|dissolv|banish|releas|eras|undo|combat|fight)
        (?:s|e|es|ing|ed)?_(?:(?:your|the|all|back|chronic|lower|old|stored|trapped|any|of)_){{0,3}}{_AILMENTS}
        |gets?_rid_of_(?:\w+_){{0,2}}{_AILMENTS}|(?:good|works|helps?)_(?:for|against|with)_(?:\w+_){{0,2}}{_AILMENTS}
        |(?:clinically|scientifically|medically)_(?:proven|tested)|boosts?_(?:your|the)_immun\w+
        |(?:resets?|regulates?|repairs?|rewires?)_(?:your|the)_(?:nervous_system|vagus\w*|brain|body|hormones)
        """
    ),
    unless=words(
        r"""
        no_(?:cure|treatment|therapy|remedy|medical)|nothing|(?:ask|see|tell|call|consult)_(?:\w+_){0,3}
        (?:doctor|physician|professional|therapist|midwife)|promises?_nothing|instead_of|replaces?_no
        |(?:in|during|after)_(?:therapy|treatment)
        """
    ),
    negated=leads(r"(?:not|no|never|cannot|can't|doesn't|does_not|isn't|is_not|without|nor|neither)_(?:\w+_){0,2}"),
)
_SAFE = WordRule(
    pattern=words(
        r"""
        (?:you|we)(?:_are|'re)_(?:(?:completely|perfectly|totally|always|quite|very|now|here|entirely|really)_)*safe
        |(?:you|we)(?:_are|'re)_in_(?:a_safe_(?:place|space)|safe_hands|good_hands)|safe_and_sound
        |(?:this|here|it)_is_(?:a_)?(?:perfectly_|completely_|totally_)?safe(?:_(?:place|space|haven))?
        |(?:nothing|no_one|nobody|no_harm)_(?:\w+_)?can_(?:happen|harm|hurt|touch|reach|go_wrong|come)\w*
        |i(?:_am|'m)_(?:right_|always_|here_)*(?:with|beside|here_for|watching_over)_you|i_(?:will|'ll)_be_here
        |i(?:_will|'ll|_won't)_(?:not_)?(?:look_after|protect|stay_with|leave|guard|keep)_you
        |you(?:_are|'re)_(?:not_|never_)?alone|you(?:_are|'re)_(?:being_)?(?:held|protected|loved|carried)
        |everything_(?:is|will_be|'s)_(?:fine|all_right|alright|okay|ok|well)|all_(?:is|will_be)_well
        |(?:there_is_)?nothing_to_fear|no_need_to_(?:fear|be_afraid)
        """
    ),
    negated=leads(r"(?:if|whether|when|unless|until|where|think|feel|say|claim)_(?:\w+_)?"),
)
_ENDURE = WordRule(
    pattern=words(
        r"""
        stay_with_(?:it|this|that|(?:the|your|any)_(?:\w+_)?(?:pain|discomfort|feelings?|sensations?|fear|panic|anxiety))
        |(?:push|work|fight|power|breathe|go|get)_(?:on_)?through_(?:it|this|that|(?:the|your|any)_(?:\w+_)?
        (?:pain|discomfort|fear|panic|resistance|urge))|breathe_into_the_pain|endure|put_up_with|tough_it_out
        |bear_(?:it|with_it|this|the_(?:pain|discomfort))|even_if_it_(?:hurts|is_(?:hard|unpleasant|too_much))
        |(?:do_not|don't|never)_give_(?:up|in)|resist_(?:the|any|every)_(?:urge|impulse|wish)|try_harder
        |(?:stay|hold|remain|lie)_(?:\w+_){0,2}(?:a_little|a_bit|just_one_minute)_longer_(?:even|although|than)
        |no_matter_how_(?:\w+)|grit_your_teeth|ignore_(?:the|any|your)_(?:pain|discomfort|signals?|urge)
        """
    ),
    negated=leads(
        r"(?:not|no|nothing|never|cannot|needn't|don't)_(?:\w+_){0,4}|rather_than_|instead_of_|nobody_has_to_"
    ),
)

_PERMITS = r"""
    may|can|could|might|free_to|fine|okay|ok|allowed|welcome|whenever|any_?time|any_point|every_moment|any_moment|if
    |all_right|equally|up_to_you|your_choice|always_right|as_you_like
"""
_EYES_OPEN = r"eyes\b[^.]{0,40}\bopen|open\b[^.]{0,20}\beyes|half_open|gaze\b[^.]{0,30}\b(?:soft|low|down|rest)"

ENGLISH = Words(
    rules={
        "command": _COMMAND,
        "absolute": _ABSOLUTE,
        "medical-claim": _MEDICAL,
        "promise-of-safety": _SAFE,
        "endure": _ENDURE,
    },
    signs={
        Sign.PERMITS: words(_PERMITS),
        Sign.REFUSES: words(
            r"(?:may|can|could|might|should|must)(?:_not|n't)|can't|cannot|never|do_not_(?!have)|don't_(?!have)"
        ),
        Sign.STOP: words(
            """
            stop(?:ping)?|leav(?:e|ing)|ends?_(?:it|this|here|sooner|early)|com(?:e|ing)_out|get(?:ting)?_up|break_off
            """
        ),
        Sign.MOVE: words(
            r"mov(?:e|ed|es|ing)|shift\w*|change_(?:your_|the_)?position|turn_over|stretch\w*|wriggle|adjust\w*"
        ),
        Sign.OPEN_EYES: words(_EYES_OPEN),
        Sign.CLOSE_EYES: words(
            r"""
            (?:close|closing|shut)_(?:your|the|both)_eyes|let_(?:your|the)_eyes_(?:\w+_)?(?:close|fall_shut)
            |(?:with|keep)_(?:your_|the_)?eyes_(?:closed|shut)|eyes_(?:(?:are|stay|(?:may|can|could|might)_be)_)?(?:closed|shut)
            """
        ),
        Sign.EYES_FREE: words(
            r"""
            eyes_(?:\w+_){0,2}open|half[_-]open|(?:leave|keep)_them_open|open_or_(?:closed|shut)|(?:closed|shut)_or_open
            |gaze|or_(?:not|leave|keep|rest_them|let_them_(?:stay|be))|look_at_(?:one|a)_(?:point|spot)
            """
        ),
        Sign.BREATH: words(
            r"""
            (?:notice|feel|follow|watch|observe|mind|count|sense|attend_to|focus_on|concentrate_on|attention_(?:to|on)
            |aware_of|listen_to|back_to|return_to|stay_with|rest_(?:with|on|in))
            \b[^.]*\b(?:breaths?|breathing|inhale|exhale|in-breath|out-breath)
            """
        ),
        Sign.ANCHOR: words(
            r"""
            sounds?|noises?|heels?|feet|foot|soles?|hands?|fingers?|palms?|floor|ground|mat|cushions?|chair|seat|gaze|colours?
            |colors?|(?:point|something|anything)_(?:else|to_look\w*|you_(?:can_)?(?:see|hear|touch))
            """
        ),
        Sign.LOOK: words(
            r"""
            look(?:ing)?_(?:around|about)|let_your_(?:eyes|gaze)_(?:wander|travel|roam)|see_(?:the_room|where_you_are)
            |(?:find|name|notice|see)_(?:\w+_){0,3}(?:things?|objects?|something)_(?:\w+_){0,2}(?:room|see|around|colou?r|that)
            """
        ),
        Sign.GROUND: words(r"feel_(?:the_(?:floor|ground|bed|chair|seat|mat)|your_(?:feet|heels|hands|weight))"),
        Sign.COME_OUT: words(r"come_(?:out|up)|sit_up|get_up|stand_up|stop|leave|roll_(?:over|to)"),
        Sign.LYING: words(r"lie|lying|lies|lay_down|on_your_back|stretched_out"),
        Sign.SIDE: words(r"(?:to|onto|on)_(?:one|your|a|the|either|whichever)_(?:(?:left|right|other)_)?side"),
        Sign.QUIET: words(
            r"""
            quiet\w*|silen(?:ce|ces|t)|stillness|minutes?|hours?|seconds|a_while|for_(?:a_bit|some_time|as_long)|pauses?
            |take_(?:your|all_the)_time|time_(?:for|to)|nothing_(?:more_|else_)?is_(?:said|asked)|no_more_words|only_(?:\w+_){0,2}(?:bells?|words)
            """
        ),
        Sign.SERIES: words(
            r"""
            silences|pauses|each|at_a_time|in_between|between_them|now_and_then|from_time_to_time|every_(?:few|so)
            |one_after_(?:the_other|another)|(?:few|only|soft)_(?:\w+_)?(?:words|bells)
            """
        ),
        Sign.ASKS: words(
            rf"(?:perhaps|maybe|you_(?:might|could|may)|if_you_like,?|then|and|now|gently|slowly)_(?:{_VERBS})|let_your"
        ),
    },
)
