"""Give every cell of the committed notebooks that has no slide type the one of the rule: `make slideshow`."""

import json

from workbench.runner import project
from workbench.slides.rule import with_metadata

if __name__ == "__main__":
    for name in project.study_names():
        study = project.load(name)
        text = json.dumps(with_metadata(study.notebook), indent=1, ensure_ascii=False, sort_keys=True)
        study.path.write_text(text + "\n", encoding="utf-8")
