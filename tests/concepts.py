"""Random concepts for tests: everything that the concept language can say, nested.

Covered: hypothesis strategies for terms and concepts. Not covered: any test.
"""

from __future__ import annotations

from hypothesis import strategies as st

from lettvin.tools.sketch import vocabulary as v
from lettvin.tools.sketch.concept import AtLeast, Concept, Light, Not, On, Phrase, Related, both, either

ATTRIBUTES = {
    "noun": [*list(v.NOUNS)[:8], *v.STIMULI],
    "colour": list(v.COLOURS),
    "pattern": list(v.PATTERNS),
    "size": list(v.SIZES),
    "orientation": list(v.ORIENTATIONS),
    "frequency": list(v.FREQUENCIES),
}

phrases = (
    st.lists(st.sampled_from(list(ATTRIBUTES)), min_size=1, max_size=3, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: st.sampled_from(ATTRIBUTES[name]) for name in names}))
    .map(lambda named: Phrase(**named))
)
nouns = phrases.filter(lambda phrase: phrase.noun is not None)
counts = st.builds(AtLeast, st.integers(2, 6), nouns)
relations = st.builds(Related, nouns, st.sampled_from(v.RELATIONS), nouns)
places = st.sampled_from(v.BACKGROUNDS).map(On)
lights = st.sampled_from([light for light in v.LIGHTS if light != "normal"]).map(Light)
terms: st.SearchStrategy[Concept] = st.one_of(phrases, phrases, counts, relations, places, lights)


def _joined(inner: st.SearchStrategy[Concept]) -> st.SearchStrategy[Concept]:
    """`or` of concepts, or `and` of a concept with others and with what must not be."""
    others = st.lists(st.one_of(inner, inner.map(Not)), min_size=1, max_size=2)
    conjunctions = st.tuples(inner, others).map(lambda pair: both([pair[0], *pair[1]]))
    return st.one_of(st.lists(inner, min_size=2, max_size=3).map(either), conjunctions)


concepts: st.SearchStrategy[Concept] = st.recursive(terms, _joined, max_leaves=6)
