"""The report on a study: its view of the result, tables, figures, sentences and renderers."""
