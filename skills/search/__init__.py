"""Finding skills: by meaning, by words, by how they have done."""
