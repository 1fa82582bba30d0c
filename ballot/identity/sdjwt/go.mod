module github.com/hanpyo/hanpyo/ballot/identity/sdjwt

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/hanpyo/hanpyo v0.0.0
	github.com/mr-tron/base58 v1.3.0
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace github.com/hanpyo/hanpyo => ../../..
