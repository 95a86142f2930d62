# Two commands are all: `make serve` and `make test`. Both set up what they need and can be run again at any time.
# Paths are relative, so that a folder with a space in its name will do.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check install --quiet --retries 10 --timeout 60

.PHONY: serve test lint format messages clean

serve: .venv/product
	@.venv/bin/python -m ingest reindex || [ $$? -eq 1 ] # a file that cannot be read is named, and does not stop the service
	@exec .venv/bin/python -m web

test: .venv/dev
	@.venv/bin/python -m pytest -n 2 --dist loadfile

lint: .venv/dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

format: .venv/dev
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

# The catalogues of the pages' languages: what the code says goes in, what translators wrote stays, and comes out compiled.
messages: .venv/dev
	@.venv/bin/pybabel -q extract -F web/babel.cfg -k N_ --no-location --sort-output --omit-header -o web/translations/messages.pot web
	@.venv/bin/pybabel -q update -i web/translations/messages.pot -d web/translations --no-fuzzy-matching --ignore-obsolete
	@.venv/bin/pybabel -q compile -d web/translations

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv .venv

.venv/product: requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what the service needs (about 1.7 GB; some minutes, once) ..."
	$(PIP) -r requirements.txt -c constraints.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/product
	$(PIP) -r requirements-dev.txt -c constraints.txt
	@touch $@

clean:
	rm -rf .venv var
