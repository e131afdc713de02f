# The front door: `make demo` and `make test` need a Debian 12 or Ubuntu 24.04 (or newer) and this file.
# Everything is built below build/; the presets in CMakePresets.json do the work.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# ON makes every compiler warning an error (as the tests of each change do).
WERROR ?= OFF
# Seconds that `make check` gives to each fuzzer.
FUZZ_SECONDS ?= 60
# For `make reproduce`: the folder with dev.tsv and train_2000.tsv of SST-2.
SST2 ?= $(firstword $(wildcard data/sst2 ../shared/data/sst2))
# For `make reproduce-seeds`: the folder with index.csv and the tables that it names.
TABLES ?= $(firstword $(wildcard data/tabular ../shared/data/tabular))
CLANG_FORMAT ?= clang-format-14
CLANGXX ?= $(shell tools/find-clang)

BUILD := build/release
PROGRAM := $(BUILD)/bin/sextant
DEMO := models/digits-gpt2
CXX_FILES = $(shell find $(wildcard include src studies apps tests bench examples) -name '*.cpp' -o -name '*.hpp')
CTEST = ctest --output-on-failure --parallel $(JOBS) --test-dir

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo 'Variables: PREFIX=$(PREFIX) JOBS=$(JOBS) WERROR=$(WERROR) FUZZ_SECONDS=$(FUZZ_SECONDS)'

.PHONY: build
build: configure ## Build the program: build/release/bin/sextant
	cmake --build $(BUILD) --parallel $(JOBS) --target sextant sextant_cli sextant_studies_cli

.PHONY: configure
configure: dependencies-build
	@mkdir -p build
	@cmake --preset release -DSEXTANT_WERROR=$(WERROR) > $(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }

.PHONY: demo
demo: configure ## Run `sextant advise` on the embedded model, with a noisy and with a clean prompt
	cmake --build $(BUILD) --parallel $(JOBS) --target sextant_cli
	@for prompt in noisy clean; do \
	  echo; echo "== sextant advise --model $(DEMO) --prompt $(DEMO)/demo-$$prompt.json"; \
	  $(PROGRAM) advise --model $(DEMO) --prompt $(DEMO)/demo-$$prompt.json; \
	done

.PHONY: test
test: configure ## Build and run the tests
	cmake --build $(BUILD) --parallel $(JOBS)
	$(CTEST) $(BUILD)

.PHONY: parity
parity: configure dependencies-parity ## Compare with PyTorch and transformers (installs them in build/venv)
	cmake --build $(BUILD) --parallel $(JOBS) --target sextant_cli sextant_studies_cli tokenize_lines
	tools/python-environment
	build/venv/bin/python tests/parity/common_test.py
	build/venv/bin/python tests/parity/tokenizer_parity.py $(BUILD)/tests/parity/tokenize_lines
	for script in statistics model adapt pretrain; do \
	  build/venv/bin/python tests/parity/$${script}_parity.py $(PROGRAM); \
	done

.PHONY: parity-smollm2
parity-smollm2: configure dependencies-parity ## The same with a real decoder of 135 million parameters (fetches 93 MB, makes 540)
	cmake --build $(BUILD) --parallel $(JOBS) --target sextant_cli next_logits
	tools/python-environment
	build/venv/bin/python tests/parity/smollm2_parity.py $(PROGRAM) $(BUILD)/tests/parity/next_logits

.PHONY: reproduce
reproduce: build dependencies-parity ## Run the paper's experiments at full size (results below build/reproduce)
	$(if $(SST2),,@echo 'make reproduce: SST2=DIR is missing: the folder with dev.tsv and train_2000.tsv of' \
	  'SST-2 (see docs/results.md)' >&2; exit 2)
	$(PROGRAM) reproduce gaussian-benchmark --out build/reproduce/gaussian-benchmark --resume
	$(PROGRAM) reproduce digit-shift --model $(DEMO) --out build/reproduce/digit-shift --resume
	model=$$(tools/fetch-minilm --without-normalize) && \
	  $(PROGRAM) reproduce sst2 --model "$$model" --data $(SST2) --out build/reproduce/sst2 --resume

THEORY := bayes-gap horizon necessity evidence-bound subspace linear-transformer validity
.PHONY: reproduce-theory
reproduce-theory: build ## Check the statements of the theory by simulation (results below build/reproduce)
	for experiment in $(THEORY); do \
	  $(PROGRAM) reproduce $$experiment --out build/reproduce/$$experiment || exit; \
	done

# The other two model systems: arXiv 2503.11842 and 2509.25741.
SEEDS := linear-transformer single-index regression-shift
.PHONY: reproduce-seeds
reproduce-seeds: build dependencies-parity ## Run the experiments on the other model systems (results below build/reproduce)
	$(if $(TABLES),,@echo 'make reproduce-seeds: TABLES=DIR is missing: the folder with index.csv and the tables' \
	  '(see docs/results.md)' >&2; exit 2)
	for experiment in $(SEEDS); do \
	  $(PROGRAM) reproduce $$experiment --out build/reproduce/$$experiment || exit; \
	done
	$(PROGRAM) reproduce tabular --data $(TABLES) --repeats 2 --out build/reproduce/tabular --resume
	tools/python-environment
	build/venv/bin/pip install --quiet -r bench/peers/requirements.txt
	build/venv/bin/python bench/peers/tabular_peer.py --data $(TABLES) --run build/reproduce/tabular

.PHONY: bench
bench: dependencies-build dependencies-bench ## Build and run the benchmarks
	cmake --preset bench -DSEXTANT_WERROR=$(WERROR) > /dev/null
	cmake --build build/bench --parallel $(JOBS)
	@for program in build/bench/bench/*_bench; do \
	  [ ! -x $$program ] || { echo "== $$program"; $$program; }; \
	done

.PHONY: install
install: build ## Install the program, the library and its CMake package below PREFIX
	cmake --install $(BUILD) --prefix $(PREFIX)

.PHONY: format
format: dependencies-check ## Format every C++ file
	@$(CLANG_FORMAT) -i $(CXX_FILES)

.PHONY: check
check: ## Format, clang, clang-tidy, sanitizers and fuzzers: everything but the tests themselves
	$(MAKE) check-format
	$(MAKE) check-clang
	$(MAKE) check-tidy
	$(MAKE) check-asan
	$(MAKE) check-tsan
	$(MAKE) check-fuzz

.PHONY: check-format
check-format: dependencies-check
	@$(CLANG_FORMAT) --dry-run --Werror $(CXX_FILES)

# Every target once with Clang, warnings as errors.
.PHONY: check-clang
check-clang: dependencies-build dependencies-check
	cmake --preset clang -DCMAKE_CXX_COMPILER=$(CLANGXX)
	cmake --build build/clang --parallel $(JOBS)

.PHONY: check-tidy
# One run for each folder, whose sources are one translation unit then: a quarter of the time.
check-tidy: dependencies-build dependencies-check
	cmake --preset clang -B build/tidy -DSEXTANT_UNITY=ON -DCMAKE_CXX_COMPILER=$(CLANGXX)
	sed -n 's/^ *"file": "\(.*\)".*/\1/p' build/tidy/compile_commands.json | grep -v /tests/ | \
	  tr '\n' '\0' | xargs -0 -P $(JOBS) -n 1 clang-tidy --quiet -p build/tidy \
	  --header-filter='$(CURDIR)/(include|src|studies|apps)/.*' 2>&1 | \
	  { grep -v ' warnings generated\.$$' || true; }

.PHONY: check-asan
# Clang compiles instrumented code in half of GCC's time.
check-asan: dependencies-build dependencies-check
	cmake --preset asan -DCMAKE_CXX_COMPILER=$(CLANGXX)
	cmake --build build/asan --parallel $(JOBS)
	$(CTEST) build/asan

.PHONY: check-tsan
check-tsan: dependencies-build dependencies-check
	cmake --preset tsan -DCMAKE_CXX_COMPILER=$(CLANGXX)
	cmake --build build/tsan --parallel $(JOBS)
	$(CTEST) build/tsan

.PHONY: check-fuzz
check-fuzz: dependencies-build dependencies-check
	cmake --preset fuzz -DCMAKE_CXX_COMPILER=$(CLANGXX)
	cmake --build build/fuzz --parallel $(JOBS)
	tools/run-fuzzers build/fuzz $(FUZZ_SECONDS)

.PHONY: clean
clean: ## Remove build/
	rm -rf build

.PHONY: dependencies-build dependencies-bench dependencies-check dependencies-parity
dependencies-build dependencies-bench dependencies-check dependencies-parity: dependencies-%:
	@tools/install-dependencies $*
