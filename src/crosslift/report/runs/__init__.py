"""The report on runs: its view of them, tables, sentences, and the page, Markdown and terminal renderers."""
