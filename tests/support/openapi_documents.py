"""Small documents that use what OpenAPI has, one a version; the 3.1 one is YAML."""

from __future__ import annotations

import json

STYLES_30 = {
    "openapi": "3.0.3",
    "info": {"title": "Styles", "version": "1", "description": "Every style."},
    "servers": [
        {
            "url": "https://{zone}.styles.example/{version}",
            "variables": {
                "zone": {"default": "api", "enum": ["api", "test"]},
                "version": {"default": "v1"},
            },
        }
    ],
    "tags": [{"name": "paths", "description": "Values in paths."}],
    "security": [{"token": []}],
    "paths": {
        "/simple/{id}/{ids}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            ],
            "get": {
                "operationId": "simple",
                "tags": ["paths"],
                "summary": "Simple style.",
                "parameters": [
                    {
                        "name": "ids",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    },
                    {"name": "id", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                    {"name": "X-Id", "in": "header", "schema": {"type": "integer"}},
                    {
                        "name": "X-Ids",
                        "in": "header",
                        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    },
                    {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                    {"name": "Host", "in": "header", "schema": {"type": "string"}},
                    {"name": "api_key", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "ok"}},
            },
        },
        "/query": {
            "get": {
                "operationId": "query",
                "deprecated": True,
                "security": [{}, {"key": []}],
                "parameters": [
                    {"$ref": "#/components/parameters/Kind"},
                    {
                        "name": "exploded",
                        "in": "query",
                        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    },
                    {
                        "name": "commas",
                        "in": "query",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    },
                    {
                        "name": "pipes",
                        "in": "query",
                        "style": "pipeDelimited",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    },
                    {
                        "name": "deep",
                        "in": "query",
                        "style": "deepObject",
                        "explode": True,
                        "schema": {
                            "type": "object",
                            "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
                            "required": ["a", "b"],
                            "additionalProperties": False,
                        },
                    },
                    {
                        "name": "json",
                        "in": "query",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"n": {"type": "integer", "nullable": True}},
                                    "additionalProperties": False,
                                }
                            }
                        },
                    },
                    {"name": "session", "in": "cookie", "schema": {"type": "integer"}},
                ],
                "responses": {"default": {"description": "ok"}},
            }
        },
        "/json": {
            "post": {
                "operationId": "json",
                "requestBody": {"$ref": "#/components/requestBodies/Thing"},
                "responses": {
                    "201": {
                        "description": "made",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        },
                    }
                },
            },
            "put": {
                "operationId": "optional",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                    }
                },
                "responses": {"200": {"description": "ok"}},
            },
        },
        "/form": {
            "post": {
                "operationId": "form",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["name", "n"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "n": {"type": "integer"},
                                    "list": {"type": "array", "items": {"type": "integer"}},
                                },
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/upload": {
            "post": {
                "operationId": "upload",
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["file", "n"],
                                "properties": {
                                    "file": {"type": "string", "format": "binary"},
                                    "n": {"type": "string"},
                                    "meta": {
                                        "type": "object",
                                        "properties": {"k": {"type": "integer"}},
                                    },
                                },
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/text": {
            "put": {
                "operationId": "text",
                "requestBody": {
                    "required": True,
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                "responses": {"200": {"description": "ok"}},
            },
            "trace": {"operationId": "trace", "responses": {"200": {"description": "ok"}}},
        },
    },
    "components": {
        "parameters": {
            "Kind": {
                "name": "kind",
                "in": "query",
                "required": True,
                "description": "Which\n kind.",
                "schema": {"type": "string", "enum": ["a b", "ü&="], "default": "a b"},
            }
        },
        "requestBodies": {
            "Thing": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
            }
        },
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name", "made"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "made": {"type": "string", "readOnly": True},
                    "size": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                    "note": {"type": "string", "nullable": True},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                },
            },
            "Part": {
                "type": "object",
                "properties": {"of": {"$ref": "#/components/schemas/Part"}},
            },
        },
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "query", "name": "api_key"},
        },
    },
}

YAML_31 = b"""
openapi: 3.1.0
info: {title: Norway, version: '2'}
servers: [{url: https://no.example}]
paths:
  /on/{no}:
    get:
      operationId: yes
      parameters:
        - &limit {name: limit, in: query, schema: {type: integer, minimum: 1}}
        - {name: no, in: path, required: true, schema: {enum: [no, 2020-01-01]}}
      responses:
        200:
          description: ok
          content: {application/json: {schema: {type: object}, example: {when: 2020-01-01}}}
    post:
      operationId: either
      parameters:
        - *limit
        - {name: no, in: path, required: true, schema: {type: string, pattern: '^[a-z]+$'}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              oneOf:
                - {type: object, required: [a], properties: {a: {const: 1}}}
                - {$ref: '#/components/schemas/B', description: The other.}
      responses: {200: {description: ok}}
components:
  schemas:
    B: {type: object, required: [b], properties: {b: {type: string, examples: [x]}},
        additionalProperties: false}
"""

NEW_32 = {
    "openapi": "3.2.0",
    "info": {"title": "New", "version": "1"},
    "servers": [{"url": "/v2", "name": "main"}],
    "paths": {
        "/find": {
            "query": {
                "operationId": "find",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "array"}}},
                },
                "responses": {"200": {"description": "ok"}},
            },
            "get": {
                "operationId": "findByString",
                "parameters": [
                    {
                        "name": "filter",
                        "in": "querystring",
                        "content": {
                            "application/x-www-form-urlencoded": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"a": {"type": "string"}},
                                    "additionalProperties": False,
                                }
                            }
                        },
                    },
                    {
                        "name": "tracking",
                        "in": "cookie",
                        "style": "cookie",
                        "schema": {"type": "array", "items": {"type": "integer"}},
                    },
                ],
                "responses": {"200": {"description": "ok"}},
            },
            "additionalOperations": {"COPY": {"operationId": "copy"}},
        }
    },
}

SWAGGER_20 = {
    "swagger": "2.0",
    "info": {"title": "Old", "version": "1"},
    "host": "old.example",
    "basePath": "/v0",
    "schemes": ["http", "https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "securityDefinitions": {"login": {"type": "basic"}},
    "security": [{"login": []}],
    "parameters": {"Page": {"name": "page", "in": "query", "type": "integer", "default": 1}},
    "paths": {
        "/pets/{ids}": {
            "get": {
                "operationId": "pets",
                "parameters": [
                    {"$ref": "#/parameters/Page"},
                    {
                        "name": "ids",
                        "in": "path",
                        "required": True,
                        "type": "array",
                        "items": {"type": "integer"},
                        "collectionFormat": "pipes",
                    },
                    *(
                        {
                            "name": name,
                            "in": "query",
                            "type": "array",
                            "items": {"type": "string"},
                            "collectionFormat": name,
                        }
                        for name in ("csv", "ssv", "tsv", "pipes", "multi")
                    ),
                ],
                "responses": {
                    "200": {"description": "ok", "schema": {"$ref": "#/definitions/Pet"}}
                },
            },
            "put": {
                "operationId": "put",
                "parameters": [
                    {"name": "ids", "in": "path", "required": True, "type": "string"},
                    {
                        "name": "pet",
                        "in": "body",
                        "required": True,
                        "schema": {"$ref": "#/definitions/Pet"},
                    },
                ],
                "responses": {"200": {"description": "ok"}},
            },
        },
        "/form": {
            "post": {
                "operationId": "form",
                "consumes": ["multipart/form-data"],
                "parameters": [
                    {"name": "photo", "in": "formData", "type": "file", "required": True},
                    {"name": "n", "in": "formData", "type": "integer"},
                ],
                "responses": {"200": {"description": "ok"}},
            }
        },
    },
    "definitions": {
        "Pet": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "friend": {"$ref": "#/definitions/Pet"}},
        }
    },
}


def text(document: object) -> bytes:
    return json.dumps(document).encode()
