"""Prompts for a concept, where pictures are made from words alone: where it holds, where it just fails to, where two disagree.

A picture that a text-to-image model makes is vouched for by nothing but its prompt, so that a concept is true of it where it
holds in the prompt's words (`holds_in_words`); every prompt made here is checked by that. Covered: examples, one way of being
true at a time; near misses, the same prompt with one factor changed; disagreements; one factor set to a value. Not covered:
what a model makes of a prompt, scenes (`sketch/concept_scenes.py`), and negative prompts: what is vetoed is not named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from ..targets.errors import BadInput, nearest
from .sketch import vocabulary as v
from .sketch.caption import HOURS, NUMBERS, PLACES, article, listed
from .sketch.concept import (
    MOST,
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    Word,
    both,
    caption_words,
    disjuncts,
    holds_in_words,
    terms,
)
from .sketch.concept_scenes import pick, picked

TRIES = 40
ELSEWHERE = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
    "on": "beside",
    "inside": "beside",
}
SLOTS: dict[str, tuple[str, ...]] = {
    "noun": (*v.NOUNS, *v.STIMULI),
    "colour": tuple(v.COLOURS),
    "pattern": v.PATTERNS,
    "size": v.SIZES,
    "orientation": v.ORIENTATIONS,
    "frequency": v.FREQUENCIES,
}


def holds(concept: Concept, prompt: str) -> bool:
    """Whether the concept is true of a picture of which the prompt is all that is known."""
    return holds_in_words(concept, caption_words(prompt))


def examples(concept: Concept, n: int, rng: np.random.Generator) -> list[str]:
    """Up to `n` prompts in whose words the concept holds; the ways of being true take turns, the place is random."""
    ways = disjuncts(concept)
    first = int(rng.integers(len(ways)))
    made = (_example(concept, ways[(first + i) % len(ways)], rng) for i in range(n))
    return [prompt for prompt in made if prompt is not None]


def _example(whole: Concept, way: Concept, rng: np.random.Generator) -> str | None:
    """A prompt for one way; where there are others, one in which they fail, if any of the tries finds it."""
    fallback: str | None = None
    for _ in range(TRIES):
        prompt = _attempt(way, rng)
        if not holds(whole, prompt) or not holds(way, prompt):
            continue
        if sum(holds(other, prompt) for other in disjuncts(whole)) == 1:
            return prompt
        fallback = fallback or prompt
    return fallback


def _attempt(way: Concept, rng: np.random.Generator) -> str:
    things: list[str] = []
    place = hour = ""
    bare = False  # figures of early vision stand nowhere
    for part in picked(way, rng):
        match part:
            case On(background):
                place = PLACES[background]
            case Light(light):
                hour = HOURS[light] or f" in {light} light"
            case Phrase():
                things.append(article(str(_with_noun(part, rng))))
                bare |= part.noun in v.STIMULI or bool(part.orientation or part.frequency)
            case AtLeast(n, phrase):
                things.append(_several(phrase, int(rng.integers(n, min(MOST, n + 1) + 1))))
            case Related(one, relation, other):
                side = "to the " if relation in ("left of", "right of") else ""
                things.append(f"{article(str(one))} {side}{relation} {article(str(other))}")
            case _:
                things.append(str(part))
    things = things or [article(pick(tuple(v.NOUNS), rng))]
    if not place and not bare and rng.random() < 0.5:
        place = PLACES[pick(v.BACKGROUNDS[:-1], rng)]
    return " ".join(f"a photo of {listed(things)} {place}{hour}".split())


def _with_noun(phrase: Phrase, rng: np.random.Generator) -> Phrase:
    if phrase.noun is not None:
        return phrase
    turned, periodic = bool(phrase.orientation), bool(phrase.frequency)
    stimuli = [k for k, s in v.STIMULI.items() if s.oriented >= turned and s.periodic >= periodic]
    return replace(phrase, noun=pick(stimuli if turned or periodic else tuple(v.NOUNS), rng))


def _several(phrase: Phrase, n: int) -> str:
    return f"{NUMBERS[n]} {str(phrase).removesuffix(phrase.noun or '')}{v.plural(phrase.noun or '')}"


# ---- one factor away -------------------------------------------------------------------------------------------------


def near_miss(concept: Concept, prompt: str, rng: np.random.Generator) -> str | None:
    """The prompt with one factor changed that the concept names, so that it no longer holds; None where there is none."""
    if not holds(concept, prompt):
        return None
    found = list(dict.fromkeys(p for p in _one_factor_away(concept, prompt, rng) if p != prompt and not holds(concept, p)))
    return pick(found, rng) if found else None


def _one_factor_away(concept: Concept, prompt: str, rng: np.random.Generator) -> Iterator[str]:
    match concept:
        case Or(parts) | And(parts):
            for part in parts:
                yield from _one_factor_away(part, prompt, rng)
        case Phrase():
            for slot, value in concept.named().items():
                known = tuple(v.NOUNS) if value in v.NOUNS else tuple(v.STIMULI) if value in v.STIMULI else SLOTS[slot]
                others = [other for other in known if other != value]
                for other in rng.permutation(others)[:3].tolist() if others else ():
                    yield _exchanged(prompt, value, other)
        case AtLeast(n, phrase):
            yield from _one_factor_away(phrase, prompt, rng)
            for many in range(n, MOST + 2):
                fewer = _exchanged(prompt, NUMBERS[many], NUMBERS[n - 1])
                if n == 2 and phrase.noun is not None:
                    fewer = re.sub(rf"\b{re.escape(v.plural(phrase.noun))}\b", phrase.noun, fewer)
                yield fewer
        case Related(one, relation, other):
            yield prompt.replace(f" {relation} ", f" {ELSEWHERE[relation]} ")
            yield from _one_factor_away(one, prompt, rng)
            yield from _one_factor_away(other, prompt, rng)
        case On(background):
            others = [b for b in v.BACKGROUNDS if b != background]
            yield _exchanged(prompt.replace(PLACES[background], PLACES[pick(others, rng)]), background, pick(others, rng))
        case Light(light):
            yield prompt.replace(HOURS[light] or f" in {light} light", "")
        case Word(word):
            for other in rng.permutation(tuple(v.NOUNS))[:3].tolist():
                yield _exchanged(prompt, word, other)
        case Not(part):
            for brought in examples(part, 2, rng):
                yield f"{prompt} with {brought.removeprefix('a photo of ')}"


def _exchanged(prompt: str, old: str, new: str) -> str:
    """The prompt with a word in another's place, the plural in the plural's, and the article before it as it should be."""
    for before, after in ((v.plural(old), v.plural(new)), (old, new)) if old in SLOTS["noun"] else ((old, new),):
        prompt = re.sub(rf"\b(an? )?{re.escape(before)}\b", lambda m, a=after: article(a) if m[1] else a, prompt)  # type: ignore[misc]
    return prompt


def disagreements(a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[str]:
    """Up to `n` prompts of which one concept is true and the other false, half of each kind where both kinds exist."""
    only_a, only_b = _where(a, b, n, rng), _where(b, a, n, rng)
    take_a = min(len(only_a), max(n // 2, n - len(only_b)))
    pairs = zip_longest(*sorted((only_a[:take_a], only_b[: n - take_a]), key=len, reverse=True))
    return [prompt for pair in pairs for prompt in pair if prompt is not None]


def _where(yes: Concept, no: Concept, n: int, rng: np.random.Generator) -> list[str]:
    """Prompts in which `yes` holds and `no` does not: as they are, or one factor away from `no`."""
    found: list[str] = []
    with_terms: list[Concept] = [both([way, term]) for way in disjuncts(yes) for term in terms(no) if term != way]
    recipes = [*([yes] * (2 * n)), *(with_terms[i % len(with_terms)] for i in range(4 * n) if with_terms)]
    for recipe in recipes:
        if len(found) == n:
            break
        for prompt in examples(recipe, 1, rng):
            changed = [prompt] if not holds(no, prompt) else list(_one_factor_away(no, prompt, rng))
            found += [p for p in changed if holds(yes, p) and not holds(no, p)][:1]
    return found


# ---- one factor set --------------------------------------------------------------------------------------------------


def with_factor(prompt: str, factor: str, value: str, which: int | None = None) -> str:
    """The prompt with one factor set to a value, of thing `which` alone or of all. Raises `BadInput` where that cannot be."""
    if factor in ("background", "light"):
        return _surrounded(prompt, factor, value)
    if factor not in SLOTS:
        raise BadInput(f"no factor {factor!r}; nearest: {nearest(factor, [*SLOTS, 'background', 'light'])}")
    if value not in SLOTS[factor] and factor != "noun":
        raise BadInput(f"{value!r} is no {factor}; nearest: {nearest(value, SLOTS[factor])}")
    forms = {form: word for word in SLOTS[factor] for form in ((word, v.plural(word)) if factor == "noun" else (word,))}
    found = _words(prompt, forms)
    inserted = not found and factor in ("colour", "pattern", "size")
    if inserted:
        found = _words(prompt, [form for noun in SLOTS["noun"] for form in (noun, v.plural(noun))])
    if not found or (which is not None and not 0 <= which < len(found)):
        raise BadInput(f"prompt {prompt!r} names {len(found)} things with a {factor}: nothing to set to {value!r}")
    for match in reversed(found if which is None else [found[which]]):
        word = match[2]
        many = factor == "noun" and word not in SLOTS["noun"]
        new = f"{value} {word}" if inserted else v.plural(value) if many and value in SLOTS["noun"] else value
        prompt = prompt[: match.start()] + (article(new) if match[1] else new) + prompt[match.end() :]
    return prompt


def _surrounded(prompt: str, factor: str, value: str) -> str:
    known = {name: PLACES[name] for name in v.BACKGROUNDS} if factor == "background" else dict(HOURS)
    if value not in known:
        raise BadInput(f"{value!r} is no {factor}; nearest: {nearest(value, known)}")
    for said in known.values():
        if said.strip() and said in prompt:
            return " ".join(prompt.replace(said, f" {known[value]} ").split())
    hours = next((hour for hour in HOURS.values() if hour and prompt.endswith(hour)), "") if factor == "background" else ""
    return " ".join(f"{prompt.removesuffix(hours)} {known[value]}{hours}".split())


def _words(prompt: str, forms: Sequence[str] | dict[str, str]) -> list[re.Match[str]]:
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return list(re.finditer(rf"\b(an? )?({either})\b", prompt))
