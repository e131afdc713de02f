"""Varied strings for the comparison of tokenizers: every script, spaces, joined characters, special tokens."""
import pathlib
import random
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]

BLOCKS = [
    (0x20, 0x7F), (0xA0, 0x100), (0x100, 0x250), (0x250, 0x2B0), (0x300, 0x370), (0x370, 0x400),
    (0x400, 0x530), (0x530, 0x590), (0x590, 0x600), (0x600, 0x700), (0x700, 0x750), (0x8A0, 0x900),
    (0x900, 0x980), (0x980, 0xA00), (0xB80, 0xC00), (0xE00, 0xE80), (0xF00, 0x1000), (0x1000, 0x10A0),
    (0x10A0, 0x1100), (0x1100, 0x1200), (0x1200, 0x1380), (0x13A0, 0x1400), (0x1700, 0x1780),
    (0x1800, 0x18B0), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x1E00, 0x1F00), (0x1F00, 0x2000),
    (0x2000, 0x2070), (0x2070, 0x20A0), (0x20A0, 0x20D0), (0x20D0, 0x2100), (0x2100, 0x2190),
    (0x2190, 0x2300), (0x2460, 0x2500), (0x2500, 0x2600), (0x2600, 0x27C0), (0x2C00, 0x2C60),
    (0x2E00, 0x2E80), (0x2E80, 0x2FE0), (0x3000, 0x3040), (0x3040, 0x3100), (0x3130, 0x3190),
    (0x3200, 0x3400), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xA000, 0xA490), (0xA640, 0xA6A0),
    (0xA720, 0xA800), (0xA980, 0xA9E0), (0xAB70, 0xABC0), (0xAC00, 0xD7A4), (0xE000, 0xF900),
    (0xF900, 0xFB00), (0xFB00, 0xFB50), (0xFB50, 0xFE00), (0xFE00, 0xFE70), (0xFE70, 0xFF00),
    (0xFF00, 0x10000), (0x10000, 0x10100), (0x10280, 0x10300), (0x10400, 0x10450), (0x10900, 0x10A00),
    (0x11000, 0x11100), (0x11400, 0x11500), (0x11A00, 0x11AC0), (0x12000, 0x12400), (0x13000, 0x13460),
    (0x16E40, 0x16EA0), (0x1D100, 0x1D200), (0x1D400, 0x1D800), (0x1E900, 0x1E960), (0x1F100, 0x1F200),
    (0x1F300, 0x1F650), (0x1F680, 0x1F700), (0x1F900, 0x1FA00), (0x20000, 0x2A6E0), (0x2F800, 0x2FA20),
    (0x40000, 0x40100), (0xE0000, 0xE0080), (0xE0100, 0xE01F0), (0xF0000, 0xF0100),
]
SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 0x1C, 0x1F, 0x20, 0x20, 0x20, 0x85, 0xA0, 0x1680, 0x180E, 0x2000,
                           0x2003, 0x200A, 0x200B, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)]
SEQUENCES = [
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣", "☺️", "e\u0301", "\u1100\u1161\u11a8", "각", "ŉ", "ﬁ", "İ", "ı", "ΣΑΣ", "ß", "ẞ",
    "नमस्ते", "สวัสดี", "שָׁלוֹם", "مَرْحَبًا", "\u202eabc\u202c", "你好，世界。", "こんにちは", "ガ", "q\u0307\u0323", "½", "Ⅷ", "²", "𝟜",
    "don't", "I'LL", "we've", "''s", "'tis", "she'd", "it's", "’s", "n't", "…", "--", "->", "\0", "\u007f", "\ufffd", "\ue000",
    "\ufdd0", "\U0010ffff", "\u00ad", "naïve", "Ångström", "café", "Zoë", "𠮷野家", "㍿",
]
SPECIAL = ["<|endoftext|>", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[mask]", "<|endoftext", "<word>", "<left>",
           "<right>", "<both>", "Straße", "STRASSE", "straße", "<l", "</s>", "<word", "[CLS"]


def assigned_code_points():
    """Code points whose properties are the same in every Unicode version from 15.0 on."""
    version = tuple(int(part) for part in unicodedata.unidata_version.split("."))[:2]
    table = unicodedata if version <= (15, 0) else unicodedata.ucd_3_2_0
    return table, lambda c: not 0xD800 <= c < 0xE000 and (
        table.category(chr(c)) != "Cn" or 0x40000 <= c < 0xE0000)


_, usable = assigned_code_points()


class Strings:
    def __init__(self, sentences, seed):
        self.random = random.Random(seed)
        # Code has a stream of its own: what else is drawn does not change with the sources.
        self.code_random = random.Random(seed)
        self.sentences = sentences
        self.code = [line for path in sorted((ROOT / "src").rglob("*.cpp"))
                     for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        self.kinds = [self.sentence, self.code_lines, self.numbers, self.unicode_block, self.unicode_mix, self.spaces,
                      self.long_word, self.special_tokens, self.sequences, self.any_code_point, self.scrambled]

    def character(self):
        while True:
            low, high = self.random.choice(BLOCKS)
            c = self.random.randrange(low, high)
            if usable(c):
                return chr(c)

    def sentence(self):
        return self.random.choice(self.sentences)

    def code_lines(self):
        start = self.code_random.randrange(len(self.code))
        return "\n".join(self.code[start:start + self.code_random.randint(1, 4)])

    def numbers(self):
        forms = ["{:d}", "{:,d}", "-{:d}", "{:d}.{:d}", "{:x}", "0x{:X}", "{:e}", "{:d}/{:d}/{:d}", "${:d}.00", "{:d}%"]
        numbers = [self.random.randrange(10 ** self.random.randint(1, 18)) for _ in range(3)]
        return " ".join(self.random.choice(forms).format(*numbers) for _ in range(self.random.randint(1, 6)))

    def unicode_block(self):
        low, high = self.random.choice(BLOCKS)
        pool = [chr(c) for c in range(low, min(high, low + 4000)) if usable(c)] or ["?"]
        pool += [" "]
        return "".join(self.random.choice(pool) for _ in range(self.random.randint(1, 40)))

    def unicode_mix(self):
        return "".join(self.character() for _ in range(self.random.randint(1, 60)))

    def spaces(self):
        words = ["a", "B", "7", "!", "é", "中", "'s", ""]
        return "".join(self.random.choice(SPACES) * self.random.choice([1, 1, 2, 3]) + self.random.choice(words)
                       for _ in range(self.random.randint(1, 15)))

    def long_word(self):
        alphabet = self.random.choice(["ab", "abcdefghijklmnopqrstuvwxyz", "éàüñ", "0123456789", "!?.-", "한글", "🙂a"])
        length = self.random.choice([95, 99, 100, 101, 130, 1000, 3000])
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def special_tokens(self):
        around = ["", "", " ", "  ", "\t", "\n", "a", "é", "7", "_", ".", "\u00a0", "\u0301", "the film"]
        return "".join(self.random.choice(around) + self.random.choice(SPECIAL) + self.random.choice(around)
                       for _ in range(self.random.randint(1, 6)))

    def sequences(self):
        return "".join(self.random.choice(SEQUENCES) + self.random.choice(["", "", " ", "a", "'"])
                       for _ in range(self.random.randint(1, 12)))

    def any_code_point(self):
        result = []
        while len(result) < 30:
            c = self.random.randrange(0x110000)
            if usable(c):
                result.append(chr(c))
        return "".join(result)

    def scrambled(self):
        text = list(self.sentence())
        for _ in range(self.random.randint(1, 8)):
            text.insert(self.random.randrange(len(text) + 1),
                        self.random.choice([self.character(), self.random.choice(SPACES),
                                            self.random.choice(SEQUENCES), self.random.choice(SPECIAL)]))
        return "".join(text) if self.random.random() < 0.7 else "".join(text).upper()

    def draw(self, count):
        fixed = ["", " ", "  ", "\n", "\u0301", "\u200b", "a\u1df7\u1dd0\u1dfa\u0316\u1df9"] + SEQUENCES + SPECIAL
        drawn = [self.random.choice(self.kinds)() for _ in range(max(0, count - len(fixed)))]
        return (fixed + drawn)[:count]


def every_code_point():
    """Each usable code point between letters, digits, spaces and itself, many to a string."""
    points = [chr(c) for c in [*range(0x40100), *range(0xE0000, 0xF0100)] if usable(c)]  # beyond, all are alike
    for start in range(0, len(points), 16):
        yield "".join(f"a{c}b {c}1{c}{c}.{c} {c}\n" for c in points[start:start + 16])
