module github.com/hanpyo/hanpyo/ballot/identity/mdl

go 1.26.0

require (
	github.com/fxamacker/cbor/v2 v2.9.6
	github.com/hanpyo/hanpyo v0.0.0
	github.com/stretchr/testify v1.12.1
	github.com/veraison/go-cose v1.3.0
)

require (
	github.com/x448/float16 v0.8.4 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/hanpyo/hanpyo => ../../..
