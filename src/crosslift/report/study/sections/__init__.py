"""The sections of the report on a study, one file each; `crosslift.report.sections` says what a file holds."""
