# A front for ./run, for those whose fingers type make. ./run help tells what each target does.
TARGETS = demo test serve-demo bench lint screenshots tools venv clean help

.PHONY: $(TARGETS)
help: ; @./run help
$(filter-out help,$(TARGETS)): ; @./run $@
