.PHONY: test check help

test check help:
	python3 dev.py $@
