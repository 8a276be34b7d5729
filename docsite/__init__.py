"""Pages of the documentation that follow from the code, and how MkDocs gets them.

Each module makes one page, as Markdown, from the place where its subject is declared: nothing here
states a key, a column or an option itself. `hook` is what hands the pages to MkDocs when
the site is built, so that there is no copy to go stale. `python -m mkdocs build` needs what
requirements-docs.txt lists; the modules need the package alone.
"""
