# Every target only calls dev.py; where make is missing, `python3 dev.py TARGET` is the same.
.PHONY: run test check services-test bench screenshots help
.DEFAULT_GOAL := help

run test check services-test bench screenshots help:
	@python3 dev.py $@
