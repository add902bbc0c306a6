"""The world: determinism, splits, gold links, word order, and the shapes that others rely on."""

import unicodedata
from collections import Counter

import pytest

from crosslift.errors import InputError, LanguageError
from crosslift.lab import PRESETS, Event, Language, Place, State, Thing, World, lab_task_names
from crosslift.lab.chance import Draws
from crosslift.lab.passage import passage
from crosslift.lab.sampling import sample
from crosslift.lab.script import write

CODES = [language.code for language in PRESETS]


@pytest.fixture(scope="module")
def world():
    return World(seed=0)


def test_same_seed_same_world_and_other_seed_other_world(world):
    again, other = World(seed=0), World(seed=1)
    assert again.text("qah", 20) == world.text("qah", 20)
    assert again.bitext("qaa", "qah", 20) == world.bitext("qaa", "qah", 20)
    assert again.examples("nli", "qah", "dev", 9) == world.examples("nli", "qah", "dev", 9)
    assert set(world.text("qah", 200, seed=1)).isdisjoint(set(world.text("qah", 200)) - set(_short(world, "qah")))
    assert other.text("qaa", 20) != world.text("qaa", 20)


def _short(world, code):
    return [line for line in world.text(code, 200) if len(line.split()) < 6]


def test_the_beginning_of_a_longer_draw_is_the_shorter_draw(world):
    assert world.text("qac", 50)[:10] == world.text("qac", 10)
    assert world.examples("topic", "qac", "test", 50)[:10] == world.examples("topic", "qac", "test", 10)


def test_split_depends_on_the_meaning_only_and_has_the_announced_shares(world):
    draws = Draws(3)
    meanings = {sample(draws, split=split) for split in ("train", "dev", "test") for _ in range(100)}
    assert all(World(seed=5).split_of(meaning) == world.split_of(meaning) for meaning in meanings)
    drawn = Counter(world.split_of(State(Thing(f"noun-{index}"), "big")) for index in range(4000))
    assert drawn["dev"] == pytest.approx(500, abs=80)
    assert drawn["test"] == pytest.approx(500, abs=80)


def test_text_says_train_meanings_only(world):
    draws = Draws(4)
    assert {world.split_of(meaning) for _ in range(300) for meaning in passage(draws, "train")} == {"train"}


def test_no_held_out_sentence_occurs_in_text_or_bitext(world):
    """The same on the surface: this is what a reader of the files would check."""
    sentences = {part.strip() for line in world.text("qaa", 4000) for part in line.split(" .")}
    sentences |= {pair.source.removesuffix(" .") for pair in world.bitext("qaa", "qab", 4000)}
    for split in ("dev", "test"):
        held_out = world.examples("nli", "qaa", split, 300)
        texts = {text.removesuffix(" .") for example in held_out for text in (example.first, example.second)}
        assert not texts & sentences


def test_texts_of_two_languages_are_not_translations(world):
    lengths = [[len(line.split()) for line in world.text(code, 50)] for code in ("qaa", "qab")]
    assert lengths[0] != lengths[1]


@pytest.mark.parametrize("code", CODES[1:])
def test_gold_links_translate_word_by_word(world, code):
    lexicon = set(world.lexicon("qaa", code))
    for pair in world.bitext("qaa", code, 200):
        source, target = pair.source.split(), pair.target.split()
        for left, right in pair.links:
            assert (source[left], target[right]) in lexicon or source[left] == target[right]
        assert len({left for left, _ in pair.links}) == len({right for _, right in pair.links}) == len(pair.links)


def test_only_function_words_have_no_link(world):
    """Articles, the copula and the adposition that a case replaces; everything else is linked."""
    for code in CODES[1:]:
        function = {world.grammar(one).vocabulary.form(word) for one in ("qaa", code) for word in ("the", "is", "in")}
        for pair in world.bitext("qaa", code, 100):
            linked = [set(side) for side in zip(*pair.links, strict=True)]
            for words, done in zip((pair.source.split(), pair.target.split()), linked, strict=True):
                assert {word for index, word in enumerate(words) if index not in done} <= function


def test_links_work_between_two_targets(world):
    lexicon = set(world.lexicon("qah", "qag"))
    for pair in world.bitext("qah", "qag", 100):
        words = [(pair.source.split()[left], pair.target.split()[right]) for left, right in pair.links]
        assert all(pair in lexicon or pair[0] == pair[1] for pair in words)


def test_unknown_names_are_answered_with_the_nearest(world):
    with pytest.raises(LanguageError, match=r"no language 'qax'; did you mean 'qa"):
        world.text("qax", 1)
    with pytest.raises(InputError, match="no task 'nil'; did you mean 'nli'"):
        world.examples("nil", "qaa", "test", 1)


def test_lab_task_names(world):
    assert {"nli", "paraphrase", "pos", "ner", "topic", "retrieval", "mining"} <= set(lab_task_names())
    assert {"span_qa", "causal", "intent", "slots"} <= set(lab_task_names())


def test_presets_go_from_near_to_far_and_include_low_resource_languages(world):
    assert len(PRESETS) >= 8
    assert len({language.name for language in PRESETS}) == len(PRESETS)
    assert all("qaa" <= language.code <= "qtz" for language in PRESETS)
    distances = [language.distance(world.source) for language in PRESETS]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert max(distances) <= 1
    assert sum(language.resources < 0.5 for language in PRESETS) >= 2


def _said(meaning, **dials):
    """Say a meaning with made-up dials, and return its parts."""
    language = Language("qba", "Test", **dials)
    return World(languages=[language]).say(meaning, "qba")


WASH = Event(Thing("farmer", "old"), "wash", Thing("car", "dirty", count=2), Place("park"), "monday", negated=True)


@pytest.mark.parametrize("order", ["SVO", "SOV", "VSO", "VOS", "OVS", "OSV"])
def test_word_order(order):
    parts = _said(WASH, order=order).parts
    letters = {"agent.noun": "S", "action": "V", "patient.noun": "O"}
    assert "".join(letters[part] for part in parts if part in letters) == order


@pytest.mark.parametrize(
    ("dial", "dependent", "head"),
    [
        ("adjective", "agent.property", "agent.noun"),
        ("adjective", "patient.property", "patient.noun"),
        ("adposition", "place.relation", "place.noun"),
        ("negation", "negation", "action"),
        ("adjuncts", "place.noun", "agent.noun"),
        ("adjuncts", "time", "patient.noun"),
    ],
)
def test_sides(dial, dependent, head):
    for side in ("before", "after"):
        parts = _said(WASH, **{dial: side}).parts
        assert (parts.index(dependent) < parts.index(head)) == (side == "before")


def test_fronting_moves_place_and_time_to_the_other_end(world):
    grammar = world.grammar("qaa")
    usual, fronted = grammar.say(WASH), grammar.say(WASH, fronted=True)
    assert fronted.parts[:3] == ("place.relation", "place.noun", "time")
    assert sorted(usual.words) == sorted(fronted.words)


def test_morphology():
    plain = _said(WASH, plural=False)
    marked = _said(WASH, cases=("accusative", "locative"))
    stem = plain.words[plain.parts.index("patient.noun")]
    inflected = marked.words[marked.parts.index("patient.noun")]
    assert inflected.startswith(stem)
    assert len(inflected) == len(stem) + 4, "a plural and an accusative suffix of two letters each"
    assert "place.relation" in plain.parts
    assert "place.relation" not in marked.parts


def test_article_and_copula():
    state = State(Thing("farmer"), "old", negated=True)
    assert _said(state).parts == ("agent.noun", "negation", "copula", "state", "end")
    assert _said(state, copula=False).parts == ("agent.noun", "negation", "state", "end")
    assert _said(state, article=True).parts[0] == "agent.article"


def test_cognates_and_names(world):
    source = world.grammar("qaa").vocabulary.stems
    for code in CODES[1:]:
        language, stems = world.language(code), world.grammar(code).vocabulary.stems
        words = [concept for concept in stems if "name" not in concept]
        same = sum(stems[word] == source[word] for word in words) / len(words)
        assert same == pytest.approx(language.cognates * (1 - language.drift), abs=0.1)
        assert all(stems[name] == source[name] for name in stems if "name" in name)


@pytest.mark.parametrize("code", CODES)
def test_every_word_of_a_language_is_different(world, code):
    stems = world.grammar(code).vocabulary.stems
    assert len(set(stems.values())) == len(stems)


@pytest.mark.parametrize(
    ("script", "name"), [("Cyrl", "CYRILLIC"), ("Grek", "GREEK"), ("Geor", "GEORGIAN"), ("Armn", "ARMENIAN")]
)
def test_scripts_are_real_and_one_to_one(script, name):
    letters = write("abdefghijklmnoprstuvz", script)
    assert len(set(letters)) == 21
    assert all(unicodedata.name(letter).startswith(name) for letter in letters)


def test_devanagari_writes_a_vowel_as_a_letter_or_as_a_sign():
    assert write("amini", "Deva") == "अमिनि"
    assert all(unicodedata.name(letter).startswith("DEVANAGARI") for letter in write("Bodajupez", "Deva"))
