"""Task files: YAML → TaskSpec. An unknown key is an error whose message suggests a similar key.

The options of a task's kind are top-level keys, next to the keys that every task has.

A task is looked up by name in each `--tasks DIR`, then in `./tasks`, then among the packaged tasks;
a name that ends in .yaml is a path. `include: NAME` inherits every key that the file does not set,
except options that the file's kind does not have.
"""

from mmbench.spec.files import (
    find_task,
    packaged_files,
    packaged_folders,
    packaged_tasks,
    read_yaml,
    task_files,
    task_folders,
    task_summaries,
    task_summary,
)
from mmbench.spec.kinds import options_of_kind
from mmbench.spec.loading import is_task, label_of, load_task, recorded_name
from mmbench.spec.settings import (
    task_values,
    with_max_tokens,
    with_metrics,
    with_search_device,
    with_settings,
)

__all__ = [
    "find_task",
    "is_task",
    "label_of",
    "load_task",
    "options_of_kind",
    "packaged_files",
    "packaged_folders",
    "packaged_tasks",
    "read_yaml",
    "recorded_name",
    "task_files",
    "task_folders",
    "task_summaries",
    "task_summary",
    "task_values",
    "with_max_tokens",
    "with_metrics",
    "with_search_device",
    "with_settings",
]
