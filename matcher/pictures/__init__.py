"""Whether two pictures show one photograph: aligned by features, compared by their pixels."""
