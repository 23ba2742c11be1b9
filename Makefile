# A front for ./run, for those whose fingers type make. ./run help tells what each target does.
TARGETS = demo replay week test serve-demo bench soak fuzz lint dashboards tables screenshots tools venv clean help vmalert

.PHONY: $(TARGETS)
help: ; @./run help
$(filter-out help replay,$(TARGETS)): ; @./run $@
# make replay CASE=2; without CASE, the list
replay: ; @./run replay $(CASE)
