/// Keys and tokens that another implementation made: PyJWT 2.15.1 with fresh keys, once.
///
///     jwt.encode(claims, key, algorithm=name, headers={"kid": …})
///
/// where the claims are `{"iss": "https://issuer.example", "aud": ["agentgate", "other"], "sub": "billing-bot",
/// "act_for": "ann", "iat": 1767225600, "nbf": 1767225600, "exp": 1767229200, "scope": "read"}`, and the set is made of
/// what its `to_jwk` writes of the public keys, with `kid`, `use` and, but for the key `rsa`, `alg`. The private keys
/// are what cryptography's `private_bytes` writes as PKCS #8 without encryption.
enum PyJWTVectors {
  static let keySet = #"""
    {"keys": [
      {"kty": "RSA", "kid": "rs256", "alg": "RS256", "use": "sig",
       "n": "4iCncgLlZA0tqcNxlxLWXWCGrxM61QUSFuS7PnYCf4GKMuU7wnzB3cl7ZUW2UUvCXaam6iSwGZRYCUykuHW1r6b48OfjA6lsO\#
    xDPXG390n-skTI9NS2oChszTck1JqM5_ZHUqCXj4DwZMdLbBLy_F6m27TCqaja2lAoy_WBQTxZYJBwW0L4tE6kX5z2JjfbK6rekcL9UDwj\#
    zbvRXeUZUaHHSz8Crn7wvJCfOS1etYBzglvklxuTDgJ4nj_QDvyfmsEIcb8IVlXpnXFrEGGaNiekjf3lY8BM-RSytwCsqAp55-eMtqwYGm\#
    60EbgOM_b21LJfvsRRnEkS_qMGFzK-u9Q", "e": "AQAB"},
      {"kty": "EC", "crv": "P-256", "kid": "es256", "alg": "ES256", "use": "sig",
       "x": "wUO5ygJhRf_N8QilWbfWDa7iff-fjjU1bg0xTPRTEr0", "y": "K4Er62my8Zza_BHEvb-iSCNnM8NP-SNJfdZkKwI_nwU"},
      {"kty": "EC", "crv": "P-384", "kid": "es384", "alg": "ES384", "use": "sig",
       "x": "2tio1n7Mu9wf_NEy97388Wgczl0-9W_SSXWm3M6v2xTfL54iI6MpEPlxUTxdRHSO",
       "y": "STGYIVDQWKkv-y4x8HeM8axfkyra-XcOdF2sXcvRRV1EHsD51KcvRy6qMDjkX6nl"},
      {"kty": "OKP", "crv": "Ed25519", "kid": "eddsa", "alg": "EdDSA", "use": "sig",
       "x": "H9SBf5-igmMmVVUEvoOs9LZO13XUhzzxPrB1ourLfmg"},
      {"kty": "RSA", "kid": "rsa", "use": "sig",
       "n": "4iCncgLlZA0tqcNxlxLWXWCGrxM61QUSFuS7PnYCf4GKMuU7wnzB3cl7ZUW2UUvCXaam6iSwGZRYCUykuHW1r6b48OfjA6lsO\#
    xDPXG390n-skTI9NS2oChszTck1JqM5_ZHUqCXj4DwZMdLbBLy_F6m27TCqaja2lAoy_WBQTxZYJBwW0L4tE6kX5z2JjfbK6rekcL9UDwj\#
    zbvRXeUZUaHHSz8Crn7wvJCfOS1etYBzglvklxuTDgJ4nj_QDvyfmsEIcb8IVlXpnXFrEGGaNiekjf3lY8BM-RSytwCsqAp55-eMtqwYGm\#
    60EbgOM_b21LJfvsRRnEkS_qMGFzK-u9Q", "e": "AQAB"}
    ]}
    """#

  static let tokens: [(algorithm: String, token: String)] = [
    (
      "RS256",
      "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzMjU2IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwi"
        + "YXVkIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIy"
        + "NTYwMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.dAngbemZ0reEoBF3xBvC4zh2Fw1"
        + "tzZcHBKNO0m5tw3VJFZyrVALAfc1R18VHq-jT2kgOBUG2qQqM0slPbKRVi_XLkwuW7jH8E-znuGcV2R3y8iY3ZR4fb9MYGJPUAbe"
        + "lpJ_F_9FAYgutl-y7xbhNxJZcSnw5jBkp0I94E4cIlH2aZU1-T2dQFVTOYv9kU6ljPOIHdEprL7bVLoTB_KJCRhvyrDKPOmWOjXW"
        + "vf5huFnCPWfgMVoXG5cSrduZntD5ZSjRlbCzZzN6mYdXNY-dDZ4IRj0GGvY_65_kPHLU7k_efHnbnlzRJ9OX0TuAiLDc15jvF65D"
        + "wlH_env77AKZv7g"
    ),
    (
      "ES256",
      "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzMjU2IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwi"
        + "YXVkIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIy"
        + "NTYwMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.H2g6bMrfU-UO6V9r5EAx-qfq4dT"
        + "ENniQ5jzFRtfnv9cbnoYv7k5zX175tGThgSVsFCQ2ynfAa_-HeDmBw4j6wg"
    ),
    (
      "ES384",
      "eyJhbGciOiJFUzM4NCIsImtpZCI6ImVzMzg0IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwi"
        + "YXVkIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIy"
        + "NTYwMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.ioFmhFUrmn8DVpGow1BDctmq-ff"
        + "GU3hQ-jiUB2F5dSBXVDhK9i-gnk38L78LJiJrl9a9SfAbQVG_SjCcJcbxvNaR3AtVyLbxGWItrFGbhc4ANEz_RsQqz6-RXbPvpT1"
        + "3"
    ),
    (
      "EdDSA",
      "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkZHNhIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwi"
        + "YXVkIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIy"
        + "NTYwMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.qohaUcAtk4LlyY1tKCHBYBhi533"
        + "0U9N4RtvWxOzoFkOPQUJoZA2gmSC8CajLcRXrmkTzsOeMBs4SnonBpvbuAQ"
    ),
    (
      "PS256",
      "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXV"
        + "kIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIyNTY"
        + "wMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.xoYy5EwlI3UpL_Nrd68D1rJWedF7-4"
        + "zCOFTmCcJK0T8CvfwAt-vs3vLqv1lPV4ZD4pMeFOhSWdhXOp9PFXQX0HwVvjZ6XdLBCCBYk7pdbtt1awSuwB3sVjqIFzTzL-JlpQ"
        + "N8-_mCw_mwVhIqg9-PYbXT6xQxdHJ_MaRuChdIjtpmoIySF9rYgv0lsMZPnMY8SFscgV0wZQmKmlR8HkRLsiHknB2rFyiovAGMQZ"
        + "iLFYuWlAxSDmE8e8EFEuFJJ_MME1NHgd41LgMZOudlVPpVBVtVQtXH6KOsSkZ4pg7D3mR1YuFfWLmrGbjhJwF9IWctv8NKgl4rRF"
        + "wQcuGjceJNFg"
    ),
    (
      "RS512",
      "eyJhbGciOiJSUzUxMiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXV"
        + "kIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIyNTY"
        + "wMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.MSYzU14jQ3Pw9H6c2oLavJa6r4Cjzp"
        + "E8yz1fDU7ll1FFR_QyLxeuy0oHr7Hrsvfp5boj-ww8d9PO05MY8FxtFhw61cNJ1vmeKmWZ263DGwBY6lXaMb9ewMGnZZoz3pUfSc"
        + "IRCO0bHKkfGdUoHK3R_Ib33nYhvgPeJ9BHlWjyx_fKvwwhDT6SNN0f1Xp5X9uarM9MzufMcf2F6WF3P0IUOR5uk2DCi_t8gOzA0M"
        + "qwjxVBRM_Oa6mnsiwXyq12Yzf-yF7EpUyyH23HKQ5KJsq1EMVzQgTbAYmZcOU4-EBwhQlQYNpAbuKvFgTMC3GVajwoNuHJt67OGH"
        + "9o9qclfQpQsA"
    ),
  ]

  static let privateKeys: [(algorithm: String, pem: String)] = [
    (
      "RS256",
      """
      -----BEGIN PRIVATE KEY-----
      MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDiIKdyAuVkDS2p
      w3GXEtZdYIavEzrVBRIW5Ls+dgJ/gYoy5TvCfMHdyXtlRbZRS8JdpqbqJLAZlFgJ
      TKS4dbWvpvjw5+MDqWw7EM9cbf3Sf6yRMj01LagKGzNNyTUmozn9kdSoJePgPBkx
      0tsEvL8XqbbtMKpqNraUCjL9YFBPFlgkHBbQvi0TqRfnPYmN9srqt6Rwv1QPCPNu
      9Fd5RlRocdLPwKufvC8kJ85LV61gHOCW+SXG5MOAnieP9AO/J+awQhxvwhWVemdc
      WsQYZo2J6SN/eVjwEz5FLK3AKyoCnnn54y2rBgabrQRuA4z9vbUsl++xFGcSRL+o
      wYXMr671AgMBAAECggEAI9wb0cfFyvUQDcDxzYxuNEavdSouhUOVl83UJ9adFM1d
      Ni8GKBSSxfJCwE+q1v+VpjZcd/szdgsBXxApexsnoeBvz/xmEtmWUVOcHsNOokge
      /LOj40AHSvr/StGivSrbcmvi9ntzxMajFDSlCP5Jq539ZWX3UHq2v4lShr30XmYX
      Seh4e0FAfDZ2VdomnO57WFkmATA1Xne6k2xFDrp6em2MNyXAgjmNea8/JqtxQEUq
      cYgWvEqcvjLt4Fo6Gqw+xnmQsm2gfL3i1m4873bIxhiN4DyfIv5IPQMabVt/bNYM
      lf/rE0fkiaqptC/dpDqSXHu03tuFAk+x8bMuDJKJgQKBgQD+7PDIRoTpB+lh88s8
      VM0+CcNl9DaWMtqY0bWMBS7oGlyXMuaCaJhHcYuqqnR0xcEGruJIhNnsWIo/DA7r
      2upnSxicJMmV4h3crr5JAgSUMut5iHx9lZ+wz5GMQCAkPPDAM1vwKK1/nXYOCWmd
      ihpxculT4YQa7GtjsQeWh3iV4QKBgQDjFKQd8qUpA2ATcjcZfn+7EV5M9jX26mp6
      wVW9ac6IMNHMoOrSF7ulNc59r1tHfN0zYJmz5Dw6CK4aPX6Du5bAudzw1iIhAZuo
      vvmUo1u8eihA1zmQwKno3IKJjxIF/FNER6L5WP1R0s7obitK9QYyVXPzguY93Y/A
      rZS/HvjTlQKBgQC6QU3PVk7HoAMxkRldtCvc9u8v75Vueiti2l3FtwfFh3U893CZ
      uWgBUwGTqUS7CL12b5JfH8nFOA+R7vJ7+o+m9qQ9eVdbzkC5O2dGGlZUHTwUqNck
      PozVd2LFURjqwSe5lgzHVEEna1mU+eWTuBKH70hxA+Uscq4nwXFk1wgQoQKBgQDH
      Y5NrfGiLJ5yP1qUM7KcpUenUeAgQY+rVGLe5VpNzwDInlFA743zvZtyGPZhPoBL2
      jubHLyu25XJCNibFcsy/MzQOAGf9RVUxiWbKndnqF/UKYjD4qkNG5YB1Wru/p7xR
      Yvl2Ki5cT1dAfaPj8FvdjG0Ar7qNLeOQkpnea0qfNQKBgFmfbiuvufLiivEvRTti
      gFkNo8QnaQFWksnWgJ/Q9bp3efBGCiytJu9YFlCVefQRAfAY6Vx2619gI52c/2JC
      rwHNmopLYZuUHBFqegr8i3bl4bze2JNIk0EvyfSAMJizODP/lEvctA2m2BXF35Rr
      5czVV3jfA4YcYiXVsXd+hlrS
      -----END PRIVATE KEY-----
      """
    ),
    (
      "ES256",
      """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2zD2/+ywZv5VflTy
      V50U6YirAg+tNJIg8fkpZyp+snyhRANCAATBQ7nKAmFF/83xCKVZt9YNruJ9/5+O
      NTVuDTFM9FMSvSuBK+tpsvGc2vwRxL2/okgjZzPDT/kjSX3WZCsCP58F
      -----END PRIVATE KEY-----
      """
    ),
    (
      "ES384",
      """
      -----BEGIN PRIVATE KEY-----
      MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD5romRy0By0dbjBOmU
      z4z5Q2cN3M7j2hruV98zwhCJSH5zY5Do3gpY6CUXlnC8I8ahZANiAATa2KjWfsy7
      3B/80TL3vfzxaBzOXT71b9JJdabczq/bFN8vniIjoykQ+XFRPF1EdI5JMZghUNBY
      qS/7LjHwd4zxrF+TKtr5dw50Xaxdy9FFXUQewPnUpy9HLqowOORfqeU=
      -----END PRIVATE KEY-----
      """
    ),
    (
      "EdDSA",
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIAKA+E9mlL2wkfBqZq4TkqEGIBeJvwNFxp1ruP1iudCd
      -----END PRIVATE KEY-----
      """
    ),
  ]
}
