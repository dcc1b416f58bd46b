"""Compounds and dashes: the transcripts before 1989 print a hyphen for both. Used by the build only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_HYPHENATED = re.compile(r"[A-Za-z0-9][\w'.]*(?:-[A-Za-z0-9']+)+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Beside one of these a hyphen is a dash: "waged-it is being waged-with".
_FUNCTION = _words("""
    a an the this that these those we i you he she it they our my your his her its their there here in at to for
    from of with by as if when while since before during until and but or so yet not now then today tonight let
    every each many some both what who how why where is are do does have has am was were be been being will would
    shall should can could may might must did had me us him them which whom whose than because although though
    whether nor only also even just especially particularly including whatever whenever wherever about against
    between among through throughout toward towards without within into upon across yes indeed perhaps thus
    therefore however instead rather such like unless except ours theirs mine yours himself themselves ourselves
    itself something nothing anything everything everyone anyone another very too still never don't doesn't isn't
    aren't it's that's we're we've i'm i've they're let's can't won't
""")

# Where the first or the last part is one of these, or the last a participle, the hyphen makes a compound.
_PREFIXES = _words("""
    self non anti inter intra pre post multi ex re co high higher low lower well long longer short full part half
    ever hard ill middle cross far near semi pro sub trans under over all world peace law god two three four five
    six seven eight nine ten twenty thirty forty fifty sixty seventy eighty ninety first second third fourth fifth
    one single double large small big old new newly public private state government federal man job oil tax price
    wage cost labor war drug sino anglo afro african asian mid able free top best better fast slow computer fuel
    fully on off out in up down back after quasi vice deep counter ultra super e x b c d f g k m v
""")
_SUFFIXES = _words("""
    term range income time class scale level tech based free old year day wide thirds third half halves fourth
    fourths fifth sixth seventh tenth quarter quarters nine eight seven six five four three two one american
    americans elect like type style minded being making building keeping war communist owned government sector state
    states run rate general in out up off down over by side line standing aid olds worker workers power force wing
    water discipline interest help respect reliance determination supported led torn
""")

# What these rules get wrong, found by reading all that they decide.
_KEPT = _words("""
    15-billion-dollar 650-billion-a-year across-the-board aigner-clark air-lift al-suhail all-of-the-above
    all-or-nothing american-flag arab-israeli at-risk atoms-for-peace away-from-reactor back-to-back bad-apple
    balance-of-payments balance-sheet beacon-light billion-dollar bio-fuels bio-shield brooke-cranston built-in
    business-as-usual carpet-bomb carry-backs citizen-soldiers clean-energy clear-cut command-and-control
    consumer-conscious crash-program cuban-soviet cure-all cut-backs davis-bacon day-to-day de-ba'athification
    dead-end decade-long decades-long do-or-die doctor-patient door-to-door egyptian-israeli eighth-grade
    emissions-free employer-employee-government energy-inefficient excess-profits fair-trade farm-operator
    fee-for-service fix-it-first flight-test flood-damage food-for-peace foreign-flag foundation-stone
    foundation-stones give-away good-neighbor grade-school grant-in-aid grants-in-aid greek-turkish hands-on
    hill-burton hoover-acheson horse-and-buggy income-tax indo-chinese industry-by-industry inner-city iraq-iran
    iv-f jaish-e-mohammed judeo-christian laboring-man land-acquisition land-grant landrum-griffin lao-tzu
    leading-edge length-of-service like-minded lump-sum mail-order many-sided mazar-e-sharif mccain-feingold
    military-industrial multibillion-dollar multimillion-dollar multiple-warhead muscle-bound must-have
    narrow-purpose neo-colonialism never-ending never-to-be-forgotten next-generation nice-to-have north-south
    november-december nuclear-test-ban ob-gyn on-the-job out-of-control out-of-date out-of-hand out-of-pocket
    outer-zone over-the-top paper-thin partial-birth pay-as-we-go payment-in-kind people-to-people person-to-person
    pie-in-the-sky plant-expansion plug-in post-cold-war ready-to-work real-world reduced-cost rent-payers
    resource-conservation ribbon-cuttings right-to-know right-to-work rock-hard round-the-clock school-age
    school-to-work shop-worn shoulder-to-shoulder simpson-bowles soak-the-rich social-security soviet-chinese
    stand-by stay-at-home sustained-yield swearing-in test-prep thai-cambodian thousand-dollar tie-ups time-lag
    too-high top-to-bottom toughest-ever trade-mark truth-in-lending twelve-fold u-boat union-management up-or-down
    up-to-date water-pollution weapons-of-mass-destruction-related welfare-to-work whistle-blowers wild-life
    work-week year-by-year zero-emission
""")
_DASHED = _words("""
    action-resulting after-now age-one all-immigrants all-regardless all-wealth all-workers along-clinging
    ammunition-expanded army-reinforced attack-based better-much billion-up bills-one budget-reached business-passed
    campaigning-depriving capacity-modernized chamber-over college-leaving community-two completed-created
    consumer-requiring country-promoting crime-one day-over destruction-related developed-improved
    direction-allowing directly-bypassing discrimination-confined effort-working faced-persists figure-reflected
    financing-curbing franklin-leaning free-shapes good-provided government-balky government-cannot government-debt
    gradual-bearing health-looked immediately-aimed job-all labor-keeping living-earning message-affecting
    midst-seeking million-compared nation-described natural-made now-american office-detailed one-peace
    opportunity-unreserved out-asking out-suppressing peace-anywhere peace-realizing people-calling people-nurtured
    people-provided people-starting percent-permitting pollution-speeded power-having power-supported
    production-coal productivity-increased question-answered reagan-rejected remain-vested reserve-increased
    revised-two river-watershed run-free state-requires success-providing together-willing tokyo-bring trade-one
    tradition-american unfortunately-underrated up-often use-help war-demands war-expanded war-on war-one
    war-payments well-real world-freedom world-on world-peace world-trade year-one
""")


class Compounds:
    """Tells the hyphen of a compound from a dash printed as a hyphen.

    Parameters
    ----------
    careful, careless : iterable of str
        The cleaned addresses that print dashes as such, and those that print a hyphen for both. What is hyphenated in
        a careful one is a compound, and so is what is hyphenated three times over all, unless a function word stands
        beside the hyphen. The rest is told by its parts, or by name where that goes wrong.
    """

    def __init__(self, careful: Iterable[str], careless: Iterable[str]) -> None:
        sure = {match[0].lower() for text in careful for match in _HYPHENATED.finditer(text)}
        seen = Counter(match[0].lower() for text in careless for match in _HYPHENATED.finditer(text))
        often = {word for word, count in seen.items() if count >= 3}
        often = {word for word in often if not _FUNCTION & set(word.split("-"))}
        self._known = (sure | often | _KEPT) - _DASHED

    def split(self, text: str) -> str:
        """`text` with `` -- `` for each hyphen that is a dash."""
        return _HYPHENATED.sub(lambda match: self._split(match[0]), text)

    def _split(self, word: str) -> str:
        parts = word.split("-")
        out, start = "", 0
        while start < len(parts):
            end = next(e for e in range(len(parts), start, -1) if e == start + 1 or self._is_compound(parts[start:e]))
            out += (" -- " if out else "") + "-".join(parts[start:end])
            start = end
        return out

    def _is_compound(self, parts: list[str]) -> bool:
        word = "-".join(parts).lower()
        if word in self._known:
            return True
        if len(parts) > 2:
            return all(self._is_compound(parts[i : i + 2]) for i in range(len(parts) - 1))
        first, second = word.split("-")
        if word in _DASHED or first in _FUNCTION or second in _FUNCTION:
            return False
        if second[0].isdigit():
            return first[0].isdigit() or first in {"mid", "pre", "post"} or parts[0].isupper()
        if first[0].isdigit():
            return not re.fullmatch(r"(19|20)\d\d", first) and not second.endswith("s")
        plural = first.endswith("s") and not first.endswith("ss") and len(first) > 3 and first not in _PREFIXES
        return not plural and (first in _PREFIXES or second in _SUFFIXES or second.endswith(("ed", "ing")))
