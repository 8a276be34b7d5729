"""From records to tables: collect, choose learning rates, then curves, contrasts and costs."""
