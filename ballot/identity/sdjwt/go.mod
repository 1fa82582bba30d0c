module github.com/hanpyo/hanpyo/ballot/identity/sdjwt

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/hanpyo/hanpyo v0.0.0
	github.com/mr-tron/base58 v1.3.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/mod v0.42.0
)

require (
	filippo.io/bigmod v0.1.0 // indirect
	filippo.io/edwards25519 v1.2.0 // indirect
	filippo.io/nistec v0.0.4 // indirect
	github.com/bwesterb/go-ristretto v1.2.4 // indirect
	github.com/cloudflare/circl v1.6.5 // indirect
	go.dedis.ch/kyber/v3 v3.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/hanpyo/hanpyo => ../../..
