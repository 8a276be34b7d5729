"""The field's ways, made of the field's own libraries."""
