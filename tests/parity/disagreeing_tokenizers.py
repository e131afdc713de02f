"""Tokenizer directories whose files disagree, as they do in the wild.

`directories` makes them from a vocabulary of each family. Each is read by `transformers` and by sextant:
what one file says against another, what only a class says, and what no file says.
"""
import json
import random

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

END = "<|endoftext|>"
ABSENT = "absent"  # a setting that is not in the file


class Directory:
    """One directory: its name, its path, and words of the refusal where sextant must refuse it."""

    def __init__(self, path, name, refusal=None):
        self.path, self.name, self.refusal = path, name, refusal


def word_piece_json(vocab, *, lowercase=True, strip_accents=None, ideographs=True, template="[CLS] $A [SEP]", **model):
    tokenizer = Tokenizer(models.WordPiece(dict(vocab), **{"unk_token": "[UNK]", **model}))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents,
                                                      handle_chinese_chars=ideographs)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    if template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, pair=template + " $B", special_tokens=[(t, vocab[t]) for t in ("[CLS]", "[SEP]", "[MASK]")])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer.to_str()


def byte_level_json(vocab, merges, *, prefix=False, template=None, special=(END,), **model):
    tokenizer = Tokenizer(models.BPE(dict(vocab), list(merges), **model))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    if template == "RoBERTa":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]), True, prefix)
    elif template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, pair=template + " $B", special_tokens=[(END, vocab[END])])
    tokenizer.add_special_tokens(list(special))
    return tokenizer.to_str()


def merges_text(merges):
    return "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges)


def drawn(choose, **options):
    """A value for each option, without those that are absent."""
    values = {key: choose(value) for key, value in options.items()}
    return {key: value for key, value in values.items() if value is not ABSENT}


def with_class(files, place, name, model_type):
    """Names the class in one of the places where a class is named, or nowhere."""
    files = {key: dict(value) if isinstance(value, dict) else value for key, value in files.items()}
    if place == "tokenizer_config.json":
        files.setdefault("tokenizer_config.json", {})["tokenizer_class"] = name
    elif place == "both":
        files.setdefault("tokenizer_config.json", {})["tokenizer_class"] = name
        files["config.json"] = {"model_type": model_type}
    elif place == "config.json":
        files["config.json"] = {"model_type": model_type, "tokenizer_class": name}
    elif place == "class of config.json only":
        files["config.json"] = {"tokenizer_class": name}
    elif place == "model_type":
        files["config.json"] = {"model_type": model_type}
    return files


PLACES = ["tokenizer_config.json", "both", "config.json", "class of config.json only", "model_type"]
WORD_PIECE_CLASSES = ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast",
                      "ElectraTokenizer", "ElectraTokenizerFast", "MobileBertTokenizer", "PreTrainedTokenizerFast",
                      "TokenizersBackend", "PreTrainedTokenizer", "PythonBackend"]
BYTE_LEVEL_CLASSES = ["GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"]


def with_tokens(files, choose, size):
    """Declares further tokens in some of the places where tokens are declared. `size`: of the vocabulary."""
    left = {"__type": "AddedToken", "content": "<left>", "lstrip": True}
    files = dict(files)
    settings = drawn(choose, pad_token=[ABSENT, ABSENT, None, "<pad>", left], image_token=[ABSENT, ABSENT, "<both>"],
                     additional_special_tokens=[ABSENT, ABSENT, [], ["<right>", "<left>"], [left, "<right>"]],
                     extra_special_tokens=[ABSENT, ABSENT, ABSENT, {}, ["<word>"], ["<left>", "Straße"]])
    if choose([True, False, False]):
        settings["added_tokens_decoder"] = choose([{}, {
            str(size): {"content": "<left>", "lstrip": True}, str(size + 1): {"content": "<pad>", "normalized": False},
            str(size + 2): {"content": "Straße", "special": True, "normalized": choose([True, False])}}])
    if settings:
        files["tokenizer_config.json"] = {**files.get("tokenizer_config.json", {}), **settings}
    if choose([True, False]):
        files["special_tokens_map.json"] = drawn(
            choose, pad_token=[ABSENT, "<right>", {"content": "<pad>", "rstrip": True}],
            mask_token=[ABSENT, "[MASK]", {"content": "[MASK]", "lstrip": True, "normalized": True}],
            additional_special_tokens=[ABSENT, ["<word>", "<both>"]], eos_token=[ABSENT, ABSENT, None, "<right>"])
    if choose([True, False, False]):
        files["added_tokens.json"] = choose([{}, {"<left>": size, "<word>": size + 1}, {"Straße": size, "<pad>": size + 1}])
    return files


def drawn_word_piece(draw, vocab):
    """One directory drawn from all combinations of a class, its place, a tokenizer.json and settings."""
    choose = draw.choice
    settings = drawn(choose, do_lower_case=[ABSENT, True, False], strip_accents=[ABSENT, None, True, False],
                     tokenize_chinese_chars=[ABSENT, True, False], add_bos_token=[ABSENT, ABSENT, True],
                     add_prefix_space=[ABSENT, ABSENT, True], do_basic_tokenize=[ABSENT, ABSENT, False])
    files = {"tokenizer_config.json": settings} if settings or choose([True, False]) else {}
    place = choose(PLACES)
    # transformers itself cannot make the last two from config.json alone.
    name = choose(WORD_PIECE_CLASSES[:-2] if place == "class of config.json only" else WORD_PIECE_CLASSES)
    model_type = choose(["bert", "distilbert", "electra"])
    as_saved = name in WORD_PIECE_CLASSES[-4:] and place != "model_type"
    if as_saved or choose([True, False]):
        files["tokenizer.json"] = word_piece_json(
            vocab, lowercase=choose([True, False]), strip_accents=choose([None, True, False]),
            ideographs=choose([True, False]), template=choose(["[CLS] $A [SEP]", None, "[MASK] $A"]))
    if "tokenizer.json" not in files or choose([True, False]):
        files["vocab.txt"] = "".join(f"{word}\n" for word in sorted(vocab, key=vocab.get))
    return with_class(with_tokens(files, choose, len(vocab)), place, name, model_type)


def drawn_byte_level(draw, vocab, merges):
    choose = draw.choice
    settings = drawn(choose, add_prefix_space=[ABSENT, True, False], add_bos_token=[ABSENT, True, False],
                     add_eos_token=[ABSENT, True, False], bos_token=[ABSENT, END, None, "<begin>"],
                     pad_token=[ABSENT, "<pad>"], do_lower_case=[ABSENT, ABSENT, True], errors=[ABSENT, "replace"])
    files = {"tokenizer_config.json": settings} if settings or choose([True, False]) else {}
    place = choose(PLACES)
    name = choose(BYTE_LEVEL_CLASSES)
    as_saved = name in BYTE_LEVEL_CLASSES[-2:] and place != "model_type"
    if as_saved or choose([True, False]):
        files["tokenizer.json"] = byte_level_json(vocab, merges, prefix=choose([True, False]),
                                                  template=choose([None, f"{END} $A", f"$A {END}"]),
                                                  ignore_merges=choose([True, False]))
    if "tokenizer.json" not in files or choose([True, False]):
        files["vocab.json"] = vocab
        files["merges.txt"] = merges_text(merges)
    model_type = choose(["gpt2", "gpt_neo", "gptj", "opt"])
    return with_class(with_tokens(files, choose, len(vocab)), place, name, model_type)


def word_piece_cases(vocab):
    """Single directories: files, and the words of the refusal where sextant must refuse them."""
    words = sorted(vocab, key=vocab.get)
    text = "".join(f"{word}\n" for word in words)
    bert = {"model_type": "bert"}
    cased = word_piece_json(vocab, lowercase=False)
    uncased = word_piece_json(vocab, lowercase=True)
    yield "tokenizer.json alone", {"tokenizer.json": cased}
    yield "tokenizer.json, empty config.json", {"tokenizer.json": cased, "config.json": {}}
    yield "cased tokenizer.json, model_type", {"tokenizer.json": cased, "config.json": bert}
    yield "lower-casing tokenizer.json, do_lower_case false", {
        "tokenizer.json": uncased, "config.json": bert, "tokenizer_config.json": {"do_lower_case": False}}
    yield "lower-casing tokenizer.json, do_lower_case false under PreTrainedTokenizerFast", {
        "tokenizer.json": uncased, "config.json": bert,
        "tokenizer_config.json": {"do_lower_case": False, "tokenizer_class": "PreTrainedTokenizerFast"}}
    yield "vocab.txt, class only in config.json", {"vocab.txt": text, "config.json": {"tokenizer_class": "BertTokenizer"}}
    yield "classes in both files", {"tokenizer.json": cased, "config.json": {**bert, "tokenizer_class": "BertTokenizer"},
                                    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}
    yield "class null", {"tokenizer.json": cased, "config.json": bert, "tokenizer_config.json": {"tokenizer_class": None}}
    yield "options of the model in tokenizer.json", {
        "tokenizer.json": word_piece_json(vocab, max_input_chars_per_word=5, continuing_subword_prefix="a"),
        "config.json": bert}
    yield "the same taken as it stands", {
        "tokenizer.json": word_piece_json(vocab, max_input_chars_per_word=5, continuing_subword_prefix="a")}
    yield "cls_token and sep_token of their own", {
        "tokenizer.json": uncased, "config.json": bert,
        "tokenizer_config.json": {"cls_token": "[MASK]", "sep_token": "[PAD]", "unk_token": "[CLS]"}}
    yield "the same without tokenizer.json", {
        "vocab.txt": text, "config.json": bert,
        "tokenizer_config.json": {"cls_token": "[MASK]", "sep_token": "[PAD]", "unk_token": "[CLS]"}}
    yield "added tokens in tokenizer.json and another list", {
        "tokenizer.json": uncased, "config.json": bert, "special_tokens_map.json": {"pad_token": "<left>"},
        "tokenizer_config.json": {"added_tokens_decoder": {str(vocab["[MASK]"]): {"content": "[MASK]", "lstrip": True}}}}
    yield "an empty list of added tokens", {
        "tokenizer.json": uncased, "config.json": bert, "special_tokens_map.json": {"pad_token": "<left>"},
        "tokenizer_config.json": {"added_tokens_decoder": {}, "additional_special_tokens": ["<right>"]}}
    yield "added_tokens.json beside special_tokens_map.json", {
        "vocab.txt": text, "config.json": bert, "added_tokens.json": {"<left>": len(vocab), "Straße": len(vocab) + 1},
        "special_tokens_map.json": {"pad_token": "<left>", "additional_special_tokens": ["Straße", "<both>"],
                                    "mask_token": {"content": "[MASK]", "lstrip": True, "rstrip": False,
                                                   "normalized": True, "single_word": False}}}
    yield "further special tokens by name", {
        "tokenizer.json": uncased, "config.json": bert,
        "tokenizer_config.json": {"image_token": "<left>", "extra_special_tokens": ["<right>"],
                                  "additional_special_tokens": ["<both>"]}}
    yield "an added token whose lower case is no token", {
        "vocab.txt": text, "config.json": bert, "tokenizer_config.json": {"added_tokens_decoder": {
            str(len(vocab)): {"content": "strasse", "single_word": True, "normalized": False}}}}
    repeated = words[:50] + ["", words[40], words[60]] + words[50:] + [words[10] + " \t", "  ", "new\u3000"]
    yield "vocab.txt with repeated and blank lines", {"vocab.txt": "".join(f"{w}\n" for w in repeated), "config.json": bert}
    yield "vocab.txt with repeated lines and new tokens", {
        "vocab.txt": "".join(f"{w}\n" for w in repeated), "config.json": bert,
        "tokenizer_config.json": {"additional_special_tokens": ["<left>", "<right>"]}}
    yield "vocab.txt with line ends of Windows and none at the end", {"vocab.txt": "\r\n".join(words), "config.json": bert}
    few = [word for word in words if word not in ("[MASK]", "[PAD]")]
    yield "vocab.txt without [MASK] and [PAD], and a new token", {
        "vocab.txt": "".join(f"{w}\n" for w in few), "config.json": bert,
        "tokenizer_config.json": {"additional_special_tokens": ["<left>"], "bos_token": "<right>"}}
    holes = {word: 2 * i for i, word in enumerate(words)}
    yield "tokenizer.json with holes in its ids", {"tokenizer.json": word_piece_json(holes), "config.json": bert}

    yield "vocab.txt without [SEP]", {"vocab.txt": "[UNK]\n[CLS]\na\n", "config.json": bert}, \
        'lacks the token "[SEP]" that serves as sep_token'
    yield "vocab.txt without a class", {"vocab.txt": text}, "lacks the vocabulary that TokenizersBackend reads"
    yield "PreTrainedTokenizerFast without tokenizer.json", {
        "vocab.txt": text, "config.json": bert, "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}, \
        "expected tokenizer.json"
    yield "BertTokenizer over the files of GPT-2", {
        "vocab.json": {"a": 0}, "merges.txt": "", "config.json": bert}, "expected tokenizer.json or vocab.txt"
    for name in ["BertJapaneseTokenizer", "MPNetTokenizer", "CohereTokenizer", "NoSuchTokenizer", "BertTokenizerLegacy"]:
        yield f"class {name}", {"tokenizer.json": cased, "vocab.txt": text, "config.json": bert,
                                "tokenizer_config.json": {"tokenizer_class": name}}, f"{name} is not supported"
    yield "class empty", {"tokenizer.json": cased, "config.json": bert, "tokenizer_config.json": {"tokenizer_class": ""}}, \
        "tokenizer_class: is empty"
    yield "class not supported in config.json", {
        "tokenizer.json": cased, "config.json": {**bert, "tokenizer_class": "RoFormerTokenizer"}}, "RoFormerTokenizer is not"
    yield "model_type not supported", {"tokenizer.json": cased, "config.json": {"model_type": "mpt"}}, '"mpt" is not one'
    yield "code", {"tokenizer.json": cased, "tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["a.B", None]}}}, \
        "names program code"
    yield "split_special_tokens", {"tokenizer.json": cased, "tokenizer_config.json": {"split_special_tokens": True}}, \
        "split_special_tokens: is a setting that changes the tokens"
    yield "vocabulary among the settings", {"vocab.txt": text, "config.json": bert,
                                            "tokenizer_config.json": {"vocab": {"[UNK]": 0}}}, "vocab: is a setting"
    for key in ["do_lower_case", "tokenize_chinese_chars"]:
        yield f"{key} null", {"vocab.txt": text, "config.json": bert, "tokenizer_config.json": {key: None}}, key
    yield "cls_token null", {"vocab.txt": text, "config.json": bert, "tokenizer_config.json": {"cls_token": None}}, \
        "cls_token: names no token"
    yield "added token with another id", {
        "vocab.txt": text, "config.json": bert,
        "tokenizer_config.json": {"added_tokens_decoder": {str(len(vocab) + 5): {"content": "<left>"}}}}, "the next free one"


def byte_level_cases(vocab, merges):
    gpt2 = {"model_type": "gpt2"}
    plain = {"vocab.json": vocab, "merges.txt": merges_text(merges)}
    saved = byte_level_json(vocab, merges)
    begins = byte_level_json(vocab, merges, template=f"{END} $A")
    yield "add_bos_token beside tokenizer.json", {
        "tokenizer.json": saved, "config.json": gpt2, "tokenizer_config.json": {"add_bos_token": True}}
    yield "add_bos_token without tokenizer.json", {**plain, "config.json": gpt2, "tokenizer_config.json": {"add_bos_token": True}}
    yield "add_bos_token false beside a template that begins", {
        "tokenizer.json": begins, "config.json": gpt2, "tokenizer_config.json": {"add_bos_token": False}}
    yield "a space in front in tokenizer.json only", {
        "tokenizer.json": byte_level_json(vocab, merges, prefix=True), "config.json": gpt2}
    yield "the same taken as it stands", {
        "tokenizer.json": byte_level_json(vocab, merges, prefix=True), "tokenizer_config.json": {"add_prefix_space": False}}
    yield "a space in front in the settings only", {
        "tokenizer.json": saved, "config.json": gpt2, "tokenizer_config.json": {"add_prefix_space": True}}
    yield "unk_token and ignore_merges in tokenizer.json", {
        "tokenizer.json": byte_level_json(vocab, merges[:len(merges) // 2], ignore_merges=True, unk_token="!"),
        "config.json": gpt2}
    yield "vocab.json without the end token", {
        "vocab.json": {token: i for token, i in vocab.items() if token != END and i}, "merges.txt": merges_text(merges),
        "config.json": gpt2, "tokenizer_config.json": {"pad_token": "<pad>"}}
    yield "all roles null", {**plain, "config.json": gpt2, "tokenizer_config.json": {
        "bos_token": None, "eos_token": None, "unk_token": None, "add_bos_token": True}}
    yield "roles as objects", {**plain, "config.json": gpt2, "tokenizer_config.json": {
        "pad_token": {"__type": "AddedToken", "content": "<pad>"}, "boi_token": {"__type": "AddedToken", "content": "<left>",
                                                                                "lstrip": True},
        "mask_token": {"__type": "AddedToken", "content": "<right>", "rstrip": True, "normalized": True}}}
    yield "a special token in the list as an ordinary one", {**plain, "config.json": gpt2, "tokenizer_config.json": {
        "pad_token": "<pad>", "added_tokens_decoder": {
            str(vocab[END]): {"content": END, "special": True}, str(len(vocab)): {"content": "<pad>"}}}}
    yield "a list of further tokens in an object", {**plain, "config.json": gpt2, "tokenizer_config.json": {
        "extra_special_tokens": {"image_token": "<left>"}}, "special_tokens_map.json": {
            "additional_special_tokens": ["<right>"]}}
    yield "a list that hides the older one", {**plain, "config.json": gpt2, "tokenizer_config.json": {
        "extra_special_tokens": ["<left>"]}, "special_tokens_map.json": {"additional_special_tokens": ["<right>"]}}
    holes = {token: i + (i > 900) * 7 for token, i in vocab.items()}
    yield "vocab.json with holes in its ids", {"vocab.json": holes, "merges.txt": merges_text(merges), "config.json": gpt2}
    yield "vocab.json with holes and a new token", {
        "vocab.json": holes, "merges.txt": merges_text(merges), "config.json": gpt2,
        "tokenizer_config.json": {"pad_token": "<pad>"}}

    roberta = dict(vocab)
    for token in ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]:
        roberta[token] = len(roberta)
    files = {"vocab.json": roberta, "merges.txt": merges_text(merges)}
    saved_roberta = byte_level_json(roberta, merges, template="RoBERTa", special=("<s>", "</s>", "<pad>", "<unk>"))
    for place in PLACES:
        yield f"RoBERTa, files, class in {place}", with_class(files, place, "RobertaTokenizerFast", "roberta")
    yield "RoBERTa, tokenizer.json", {"tokenizer.json": saved_roberta, "config.json": {"model_type": "roberta"}}
    yield "RoBERTa, tokenizer.json without a template", {
        "tokenizer.json": byte_level_json(roberta, merges), "config.json": {"model_type": "roberta"},
        "tokenizer_config.json": {"add_prefix_space": True, "add_bos_token": False, "mask_token": {
            "__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False}}}
    yield "RoBERTa's tokenizer.json under GPT2Tokenizer", {"tokenizer.json": saved_roberta, "config.json": gpt2}
    yield "RoBERTa's tokenizer.json as it stands", {"tokenizer.json": saved_roberta}
    yield "RoBERTa's class in a GPT-2 directory", {**files, "config.json": {**gpt2, "tokenizer_class": "RobertaTokenizer"}}
    yield "BartTokenizer", {**files, "config.json": {"model_type": "roberta"},
                            "tokenizer_config.json": {"tokenizer_class": "BartTokenizerFast"}}

    yield "GPT2Tokenizer over vocab.txt", {"vocab.txt": "a\n", "config.json": gpt2}, "or vocab.json with merges.txt"
    yield "GPT2Tokenizer without merges.txt", {"vocab.json": vocab, "config.json": gpt2}, "or vocab.json with merges.txt"
    yield "BertTokenizer over byte-level tokenizer.json", {"tokenizer.json": saved, "config.json": {"model_type": "bert"}}, \
        '"BPE" is not supported with this class'
    yield "add_prefix_space null", {**plain, "config.json": gpt2, "tokenizer_config.json": {"add_prefix_space": None}}, \
        "add_prefix_space"


def directories(base, word_piece, byte_level, seed, count=40):
    """Directories below `base`: the single cases, and `count` drawn ones of each family."""
    vocab, merges = byte_level
    draw = random.Random(seed)
    cases = [("WordPiece", *case) for case in word_piece_cases(word_piece)]
    cases += [("byte-level", *case) for case in byte_level_cases(vocab, merges)]
    for i in range(count):
        cases.append(("WordPiece", f"drawn {i}", drawn_word_piece(draw, word_piece)))
        cases.append(("byte-level", f"drawn {i}", drawn_byte_level(draw, vocab, merges)))
    for i, (family, name, files, *refusal) in enumerate(cases):
        path = base / f"disagreeing-{i}"
        path.mkdir()
        for file, content in files.items():
            with open(path / file, "w", encoding="utf-8", newline="") as out:
                out.write(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        yield Directory(path, f"{family}: {name}", *refusal)
