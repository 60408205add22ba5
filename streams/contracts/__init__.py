"""The records on every topic, as msgspec Structs. JSON Schema and AsyncAPI are generated from these."""
