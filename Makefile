# Two commands do everything: `make reproduce` and `make test`. Each sets itself up from requirements.lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: reproduce test browser readme slideshow lock clean

reproduce: .venv/.ready
	$(BIN)/workbench run --all

test: .venv/.ready browser
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python -m pytest --nbval-lax --nbval-cell-timeout 300 -n 2 --dist loadscope notebooks

# A headless Chromium for the tests of pages, slides and JupyterLab, unless the machine has one.
browser: .venv/.ready
	-$(BIN)/python tests/site/headless_chromium.py

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "workbench needs Python 3.11 or later; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock --editable .
	touch $@

# Maintainers only: what the catalogue and the README say of the committed notebooks, anew.
readme: .venv/.ready
	$(BIN)/python experiments/catalogue.py
	$(BIN)/python experiments/readme.py

# Maintainers only: a slide type for every cell that has none.
slideshow: .venv/.ready
	$(BIN)/python experiments/slideshow.py

# Maintainers only: pin the whole stack anew from pyproject.toml. The CPU build's local label "+cpu" is cut
# off, so that the pin also holds where only torch's plain release is offered.
lock:
	uv pip compile pyproject.toml --all-extras --python-version 3.11 --no-header --no-annotate --no-emit-find-links \
		$(if $(PIP_FIND_LINKS),--find-links $(PIP_FIND_LINKS)) --constraint requirements.lock | sed 's/+cpu$$//' > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean:
	rm -rf .venv runs
