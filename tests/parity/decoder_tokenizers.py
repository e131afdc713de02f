"""Directories with tokenizer.json in the styles of decoders: SmolLM2, Qwen, Llama 3, Llama 2, Gemma, and parts of
their own. Vocabularies are trained here; everything else is as those models' files have it."""
import json

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA_3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
MARK = "\u2581"
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def bytes_between(*splits):
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def trained_on_bytes(corpus, pre_tokenizer, special):
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=2500, min_frequency=2, show_progress=False, special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def trained_on_characters(corpus, special):
    """A vocabulary of characters with the mark for spaces, and all bytes for the rest."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", MARK)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(MARK, "merged_with_next")
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=2500, min_frequency=2, show_progress=False, special_tokens=special + BYTES, limit_alphabet=300))
    return tokenizer


def changed(tokenizer, edit):
    """The same after `edit` of its JSON."""
    value = json.loads(tokenizer.to_str())
    edit(value)
    return tokenizers.Tokenizer.from_str(json.dumps(value))


def begins_with(tokenizer, token):
    return processors.TemplateProcessing(single=f"{token} $A", special_tokens=[(token, tokenizer.token_to_id(token))])


def styles(corpus):
    """(name, tokenizer) pairs."""
    yield "SmolLM2's style", trained_on_bytes(corpus, pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])

    qwen = trained_on_bytes(corpus, bytes_between(pre_tokenizers.Split(Regex(QWEN), "isolated")), [])
    qwen.normalizer = normalizers.NFC()
    qwen.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
    qwen.add_tokens([AddedToken("<both>", lstrip=True, rstrip=True, normalized=False)])
    yield "Qwen's style", qwen

    llama_3 = trained_on_bytes(corpus, bytes_between(pre_tokenizers.Split(Regex(LLAMA_3), "isolated")),
                               ["<|endoftext|>"])
    llama_3 = changed(llama_3, lambda value: value["model"].update(
        ignore_merges=True, merges=value["model"]["merges"][:800]))
    llama_3.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False), begins_with(llama_3, "<|endoftext|>")])
    yield "Llama 3's style", llama_3

    characters = trained_on_characters(corpus, ["<unk>", "<s>", "</s>"])

    def llama_2(value):
        value["normalizer"] = {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": MARK}, {"type": "Replace", "pattern": {"String": " "}, "content": MARK}]}
        value["pre_tokenizer"] = None

    style = changed(characters, llama_2)
    style.post_processor = begins_with(style, "<s>")
    style.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(" ", 1, 0)])
    yield "Llama 2's style", style

    style = changed(characters, lambda value: None)
    style.normalizer = normalizers.Replace(" ", MARK)
    style.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    style.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse()])
    style.post_processor = begins_with(style, "<s>")
    yield "Gemma's style", style

    for scheme in ("always", "never", "first"):
        style = changed(characters, lambda value: value.update(normalizer=None))
        style.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=scheme != "never")
        style.decoder = decoders.Metaspace(prepend_scheme=scheme, split=scheme != "never")
        style.add_tokens([AddedToken("<both>", normalized=False)])
        yield f"Metaspace, {scheme}", style

    bare = trained_on_bytes(corpus, pre_tokenizers.ByteLevel(add_prefix_space=False), [])
    for i, behavior in enumerate(BEHAVIORS):
        style = changed(bare, lambda value: None)
        pattern = Regex(r"\w+|\d+") if i % 2 else "e"
        style.pre_tokenizer = bytes_between(pre_tokenizers.Split(pattern, behavior, invert=False),
                                            pre_tokenizers.Split(Regex(r"[aeiou\s]+"), behavior, invert=True),
                                            pre_tokenizers.Digits(i % 2 == 0))
        style.normalizer = [normalizers.NFKC(), normalizers.NFD(), normalizers.NFKD(), normalizers.Lowercase(),
                            normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " ")])][i]
        yield f"Split, {behavior}", style


def directories(base, corpus):
    """Description -> directory."""
    result = {}
    for number, (name, tokenizer) in enumerate(styles(corpus)):
        path = base / f"decoder-{number}"
        path.mkdir()
        tokenizer.save(str(path / "tokenizer.json"))
        (path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        result[name] = path
    return result
