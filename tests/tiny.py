"""Tiny checkpoints with random weights, at least one per family, built offline with the family's tokenizer class.

``build("xlm-roberta", directory)`` writes one; the `checkpoint` fixture builds each at most once per session.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from crosslift.encoder.family import Family, families
from crosslift.encoder.scratch.tokenizer import train_tokenizer

TEXTS = (
    "The cat sleeps on the red mat.",
    "A man reads a book in the garden.",
    "Die Katze schläft auf der roten Matte.",
    "Ein Mann liest im Garten ein Buch.",
    "Le chat dort sur le tapis rouge.",
    "Un homme lit un livre dans le jardin.",
    "Kot śpi na czerwonej macie.",
    "It's raining, isn't it?",
)
"""Training text of the tokenizers."""
SUBWORDS = 160
WORD_PIECES = """
[PAD] [UNK] [CLS] [SEP] [MASK] ' , . ? A B D E G I K L M T U a b c d e f g h i j k l m n o p r s t u v w z ä ś ##i
##n ##e ##l ##p ##s ##t ##a ##r ##d ##z ##w ##o ##j ##k ##c ##u ##g ##h ##m ##f ##ä ##v ##in ##at li ##en ##an ##ar
##he le re ro the ##ie ##er ##pi ##ten ##ch ##ard Bu Die Ein Gar It Ko Kat Le Mat Man The Un au bo cz ch cat do dan
der ein gard ho in it is im jard ma mat man na on ra sl su sch ta un śpi ##ne ##ee ##es ##lä ##ps ##te ##ad ##re
##rt ##ze ##wo ##ok ##cie ##ug ##me ##mme ##ft ##vre ##ing ##ining lit lies livre red read roten roug ##erwo ##pis
Buch Garten Kot Katze Matte Mann
"""
"""Result of WordPiece training on `TEXTS`; the trainer orders equally frequent subwords differently in each process."""
SHAPE = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
_ENDS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
_BERT_NAMES = {f"{role}_token": f"[{role.upper()}]" for role in ("pad", "unk", "cls", "sep", "mask")}


def unigram(special: tuple[str, ...], *, special_last: tuple[str, ...] = ()) -> list[tuple[str, float]]:
    """Return Unigram subwords with other special tokens than the trained ones."""
    vocabulary = _model(train_tokenizer(TEXTS, SUBWORDS).backend_tokenizer)["vocab"]
    body = [(subword, score) for subword, score in vocabulary if not subword.startswith("[")]
    return [*((token, 0.0) for token in special), *body, *((token, 0.0) for token in special_last)]


def bpe(special: list[str], *, byte_level: bool) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return a BPE vocabulary and its merges."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False) if byte_level else pre_tokenizers.Metaspace()
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet() if byte_level else []
    trainer = trainers.BpeTrainer(
        vocab_size=SUBWORDS + len(alphabet),
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = _model(tokenizer)
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def bert(directory: Path) -> None:
    vocabulary = {subword: place for place, subword in enumerate(WORD_PIECES.split())}
    ours = transformers.BertTokenizer(vocab=vocabulary, do_lower_case=False, strip_accents=False, model_max_length=64)
    config = transformers.BertConfig(**SHAPE, vocab_size=len(ours), max_position_embeddings=64, pad_token_id=0)
    # BertForPreTraining has a pooler, as the published BERT checkpoints do
    _write(transformers.BertForPreTraining(config), ours, directory)


def distilbert(directory: Path) -> None:
    vocabulary = {subword: place for place, subword in enumerate(WORD_PIECES.split())}
    ours = transformers.DistilBertTokenizer(
        vocab=vocabulary, do_lower_case=False, strip_accents=False, model_max_length=64
    )
    config = transformers.DistilBertConfig(
        dim=32, n_layers=3, n_heads=4, hidden_dim=48, vocab_size=len(ours), max_position_embeddings=64, pad_token_id=0
    )
    _write(transformers.DistilBertForMaskedLM(config), ours, directory)


def xlm(directory: Path) -> None:
    # XLM's own tokenizer needs sacremoses; its pair form is </s> first </s> second </s>
    vocabulary = unigram(("<s>", "</s>", "<pad>", "<unk>", "<special1>"))
    pipeline = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    pipeline.pre_tokenizer = pre_tokenizers.Metaspace()
    pipeline.post_processor = processors.TemplateProcessing(
        single="</s> $A </s>", pair="</s> $A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pipeline, **_ENDS, cls_token="</s>", sep_token="</s>", mask_token="<special1>"
    )
    config = transformers.XLMConfig(
        emb_dim=32,
        n_layers=3,
        n_heads=4,
        vocab_size=len(vocabulary),
        n_langs=3,
        lang2id={"de": 0, "en": 1, "fr": 2},
        id2lang={0: "de", 1: "en", 2: "fr"},
        max_position_embeddings=64,
        bos_index=0,
        eos_index=1,
        pad_index=2,
        unk_index=3,
        mask_index=4,
        bos_token_id=0,
        pad_token_id=2,
        mask_token_id=4,
    )
    _write(transformers.XLMWithLMHeadModel(config), tokenizer, directory)


def xlm_roberta(directory: Path) -> None:
    vocabulary = unigram(("<s>", "<pad>", "</s>", "<unk>"), special_last=("<mask>",))
    tokenizer = transformers.XLMRobertaTokenizer(vocab=vocabulary, model_max_length=62)
    config = transformers.XLMRobertaConfig(
        **SHAPE, vocab_size=len(tokenizer), max_position_embeddings=64, type_vocab_size=1, pad_token_id=1
    )
    _write(transformers.XLMRobertaForMaskedLM(config), tokenizer, directory)


def roberta(directory: Path) -> None:
    vocabulary, merges = bpe(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], byte_level=True)
    tokenizer = transformers.RobertaTokenizer(vocab=vocabulary, merges=merges, model_max_length=62)
    config = transformers.RobertaConfig(
        **SHAPE, vocab_size=len(tokenizer), max_position_embeddings=64, type_vocab_size=1, pad_token_id=1
    )
    _write(transformers.RobertaForMaskedLM(config), tokenizer, directory)


def deberta_v2(directory: Path, *, legacy: bool = True, type_vocab_size: int = 2) -> None:
    vocabulary = unigram(("[PAD]", "[CLS]", "[SEP]", "[UNK]"), special_last=("[MASK]",))
    tokenizer = transformers.DebertaV2Tokenizer(vocab=vocabulary, unk_id=3)
    config = transformers.DebertaV2Config(
        **SHAPE,
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        relative_attention=True,
        position_buckets=8,
        pos_att_type=["p2c", "c2p"],
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        position_biased_input=False,
        pad_token_id=0,
        legacy=legacy,
        type_vocab_size=type_vocab_size,
    )
    _write(transformers.DebertaV2ForMaskedLM(config), tokenizer, directory)


def deberta_v3(directory: Path) -> None:
    deberta_v2(directory, legacy=False, type_vocab_size=0)
    # the published checkpoints have the newer head and do not say so
    config = transformers.AutoConfig.from_pretrained(directory)
    config.legacy = True
    config.save_pretrained(directory)


def modernbert(directory: Path) -> None:
    vocabulary, merges = bpe(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], byte_level=True)
    pipeline = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    pipeline.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pipeline.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pipeline, **_BERT_NAMES)
    config = transformers.ModernBertConfig(
        **SHAPE,
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        global_attn_every_n_layers=3,
        local_attention=8,
        pad_token_id=0,
        cls_token_id=2,
        sep_token_id=3,
        bos_token_id=2,
        eos_token_id=3,
    )
    _write(transformers.ModernBertForMaskedLM(config), tokenizer, directory)


def t5(directory: Path, *, multilingual: bool = False) -> None:
    vocabulary = unigram(("<pad>", "</s>", "<unk>"), special_last=("<extra_id_0>",))
    tokenizer = transformers.T5Tokenizer(vocab=vocabulary, extra_ids=1, model_max_length=64)
    names = ("MT5Config", "MT5ForConditionalGeneration") if multilingual else ("T5Config", "T5ForConditionalGeneration")
    config, model = (getattr(transformers, name) for name in names)
    shape = config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=48, num_layers=3, num_decoder_layers=1, num_heads=4
    )
    _write(model(shape), tokenizer, directory)


def mt5(directory: Path) -> None:
    t5(directory, multilingual=True)


def nllb(directory: Path) -> None:
    vocabulary, merges = bpe(["<s>", "<pad>", "</s>", "<unk>"], byte_level=False)
    tokenizer = transformers.NllbTokenizer(
        vocab=vocabulary, merges=merges, extra_special_tokens=["eng_Latn", "deu_Latn", "fra_Latn"], model_max_length=64
    )
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=3,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=64,
        scale_embedding=True,
        encoder_layerdrop=0.9,
        pad_token_id=1,
    )
    _write(transformers.M2M100ForConditionalGeneration(config), tokenizer, directory)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "bert": bert,
    "distilbert": distilbert,
    "xlm": xlm,
    "xlm-roberta": xlm_roberta,
    "roberta": roberta,
    "deberta-v2": deberta_v2,
    "deberta-v3": deberta_v3,
    "modernbert": modernbert,
    "t5": t5,
    "mt5": mt5,
    "nllb": nllb,
}
MODEL_TYPE = {"deberta-v3": "deberta-v2", "nllb": "m2m_100"}
"""`config.model_type` of the checkpoints that are named otherwise."""
LANGUAGE = {"xlm": ("en", "de"), "nllb": ("eng_Latn", "deu_Latn")}
"""Two language codes of the checkpoints that need one."""


def family(name: str) -> Family:
    """Return the family of a tiny checkpoint."""
    model_type = MODEL_TYPE.get(name, name)
    return next(family for family in families().values() if model_type in family.model_types)


WITH_MASKED_HEAD = tuple(name for name in BUILDERS if family(name).masked_head is not None)
WITHOUT_MASKED_HEAD = tuple(name for name in BUILDERS if family(name).masked_head is None)
WITH_LAYERS = tuple(name for name in BUILDERS if family(name).layers is not None)
WITH_TASK_HEADS = tuple(name for name in BUILDERS if family(name).has_task_heads)
TEXT_TO_TEXT = tuple(name for name in BUILDERS if family(name).is_text_to_text)


def build(name: str, directory: Path) -> Path:
    """Write the tiny checkpoint `name` to `directory`; equal weights every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        BUILDERS[name](directory)
    return directory


def _model(tokenizer: Tokenizer) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return model


def _write(model: Any, tokenizer: Any, directory: Path) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            # transformers draws so narrow that differences drown; biases start at zero and would hide mistakes
            parameter.add_(0.1 * torch.randn(parameter.shape))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
