"""What tells the library of a call or the engine of a class, by names alone."""

from __future__ import annotations

import re

ENGINE_WORDS = (
    ("chroma", "chroma"),
    ("qdrant", "qdrant"),
    ("pinecone", "pinecone"),
    ("weaviate", "weaviate"),
    ("milvus", "milvus"),
    ("zilliz", "milvus"),
    ("faiss", "faiss"),
    ("pgvector", "pgvector"),
    ("postgres", "pgvector"),
    ("lance", "lancedb"),
    ("redis", "redis"),
    ("elasticsearch", "elasticsearch"),
    ("opensearch", "opensearch"),
    ("mongo", "mongodb"),
    ("neo4j", "neo4j"),
    ("annoy", "annoy"),
    ("usearch", "usearch"),
    ("azure", "azure-ai-search"),
)
"""How the classes of frameworks that wrap many engines say which one they wrap."""


_LANGCHAIN = (("langchain_core.vectorstores", ""),)
TELLING = {
    "add_documents": _LANGCHAIN,
    "aadd_documents": _LANGCHAIN,
    "add_texts": _LANGCHAIN,
    "aadd_texts": _LANGCHAIN,
    "add_embeddings": (("langchain_community.vectorstores", "text_embeddings"),),
    "upsert_points": (("qdrant_client", "points"),),
    "upsert": (("pinecone", "vectors"),),
    "add_with_ids": (("faiss", ""),),
    "insert_nodes": (("llama_index.core.VectorStoreIndex", ""),),
    "add": (("llama_index.core.vector_stores", "nodes"),),
}
"""Methods that only one library has, with the keyword that makes it sure; without one, the object's name must tell."""
FORM = "="
"""Stands for a keyword where the form of the argument has told the library."""
ARRAY = re.compile(
    r"(?:np|numpy)\.(?:array|asarray|ascontiguousarray|vstack|stack|concatenate|expand_dims|atleast_2d|float32)"
)
STORE_NAME = re.compile(r"vector|store|vec|chroma|faiss|index|collection|^db$|_db$|^vs$|_vs$|retriever", re.IGNORECASE)

PREPARING = re.compile(
    r"index$|collection|table|schema|config|client|meta(?:data)?_|status|setting|cache|callback|callback_done"
)
"""Methods that make ready what vectors are written to."""
