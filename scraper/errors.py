"""Every error the product raises on purpose.

DetainerWatchError          something a user can act on; its text says what and how
├── ConfigError             config.yaml or the environment is wrong (exit code 2)
├── StoreError              the database is damaged, locked, read-only or from a newer version
├── ArchiveError            an archived file is missing or is not what its name says
└── DocumentError           a document could not be read; the text names the reason
    ├── LayoutChanged       it was read, but the expected headers, items or rows are not there
    └── Unreadable          it is encrypted, cut, empty, a scan, too large, or not what it claims to be
"""


class DetainerWatchError(Exception):
    """Base of all errors meant for a person: the text is complete, no traceback is shown."""


class ConfigError(DetainerWatchError):
    """`config.yaml` or the environment is wrong; the text names file, line, column and the fix."""


class StoreError(DetainerWatchError):
    """The database cannot be used as it is; nothing was written."""


class ArchiveError(DetainerWatchError):
    """An archived file is missing, or its bytes do not have the sha256 that is its name."""


class DocumentError(DetainerWatchError):
    """A document could not be turned into rows; the text gives the reason in words."""


class LayoutChanged(DocumentError):
    """The document is of the right type, but what the reader looks for is not in it."""


class Unreadable(DocumentError):
    """The bytes are not a readable document of their type."""
