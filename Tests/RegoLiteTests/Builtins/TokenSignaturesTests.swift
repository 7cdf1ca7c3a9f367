import Testing

@testable import RegoLite

/// Signatures by Python's cryptography and OPA's answers to them; of each two tokens the second one was changed.
@Suite struct TokenSignaturesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      io.jwt.verify_rs384("eyJhbGciOiJSUzM4NCJ9.eyJhIjoxfQ.SeDALJ0pLbXriewA8hmyjndz_gqDdfV8YyyagjXh5KSFcN6OqMR7Pe-tcEw\#
      Larz9q2d9SN0SIu0SPBODzR6EtcyD0HMAaI3YZ61rY4VFjX4r7D3BhcipvQTZRFqzhyD93Uub_5RVJtCMjoB9UWW_i58BN57U3KOMly5nWdFwDGn\#
      Dj5qJweHaN2oxy4gGyOyxoG8od5ESAGHim97tMBIiixU6EPl6aj8RVbVEZIZ1VJwgtnDDzL7XRw-TmpgPCEhhIu1fc0lLzIiq8ZJrXlV9lSer17Q\#
      pSTmH_pVV6fLlBoYliCawGqv4BjQ_2n3njRQyalKzKZlgayF_NrKl6yhHVg", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> true
      io.jwt.verify_rs384("eyJhbGciOiJSUzM4NCJ9.eyJhIjoyfQ.SeDALJ0pLbXriewA8hmyjndz_gqDdfV8YyyagjXh5KSFcN6OqMR7Pe-tcEw\#
      Larz9q2d9SN0SIu0SPBODzR6EtcyD0HMAaI3YZ61rY4VFjX4r7D3BhcipvQTZRFqzhyD93Uub_5RVJtCMjoB9UWW_i58BN57U3KOMly5nWdFwDGn\#
      Dj5qJweHaN2oxy4gGyOyxoG8od5ESAGHim97tMBIiixU6EPl6aj8RVbVEZIZ1VJwgtnDDzL7XRw-TmpgPCEhhIu1fc0lLzIiq8ZJrXlV9lSer17Q\#
      pSTmH_pVV6fLlBoYliCawGqv4BjQ_2n3njRQyalKzKZlgayF_NrKl6yhHVg", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> false
      io.jwt.verify_rs512("eyJhbGciOiJSUzUxMiJ9.eyJhIjoxfQ.YxS3Z6aTBSvq-bPYzYrYsmbFfoanFwUrxTAlyPMyPabqeF73QuwGNUQELU8\#
      xb-HEUEjvufJuyLRCfdUJZEFuf7Jv6j-ztA3_mG3ZIBCcD3rVW5EzIbSWRmqHbxs6XVd7kd6Zm-x1qU0iQnCQM0hFOk-eT7Jj3ULjcjudHZFcP_c\#
      JiQbLhcUAYzaHk0QxI-sIp18vUS-bnoFznLU3q-QZoPnwxq628DKi8xmjQUC1vM1L6iVM6hjipR4ZeU13ByxxFixZon6y2ClhfQkZd-s6oXBhb_h\#
      UJvRqETMmLr3qoXIUL17e5sZuPbLhXNopajx9F1MEp7-fUsFagKhnj8p3OA", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> true
      io.jwt.verify_rs512("eyJhbGciOiJSUzUxMiJ9.eyJhIjoyfQ.YxS3Z6aTBSvq-bPYzYrYsmbFfoanFwUrxTAlyPMyPabqeF73QuwGNUQELU8\#
      xb-HEUEjvufJuyLRCfdUJZEFuf7Jv6j-ztA3_mG3ZIBCcD3rVW5EzIbSWRmqHbxs6XVd7kd6Zm-x1qU0iQnCQM0hFOk-eT7Jj3ULjcjudHZFcP_c\#
      JiQbLhcUAYzaHk0QxI-sIp18vUS-bnoFznLU3q-QZoPnwxq628DKi8xmjQUC1vM1L6iVM6hjipR4ZeU13ByxxFixZon6y2ClhfQkZd-s6oXBhb_h\#
      UJvRqETMmLr3qoXIUL17e5sZuPbLhXNopajx9F1MEp7-fUsFagKhnj8p3OA", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> false
      io.jwt.verify_ps256("eyJhbGciOiJQUzI1NiJ9.eyJhIjoxfQ.M2XIcUNO6rv2W_JHTN1lfNvNZTmwmFZZuCx9gKq_3-HHKZg7ZtRYp5g6vWz\#
      Al2e26jhqvJQfTFGSWP3XpSiv9XSgQD34wuJlKcvT8tT-uOL2IRBeFHllDZCMosUX_5gRsIdIuMVxNeOGHECOCWvHjVSoyk816qnwe9xg2n7bS_O\#
      nOcEo0ToBWyxXR0WeRRhNFZoAO90wpGwPBxCTeWa3A06_077iUTeAu7szsitVjGyZs5hVg-lidJkvgCZDgIwN_1tEeBBf1vRIGkDA8L6ImH2ORLo\#
      AmdnCrYZCZl95uHmCui_n4BDWzh_vg31vmcyjcfddqC5GPpqUnYbIH1waOw", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> true
      io.jwt.verify_ps256("eyJhbGciOiJQUzI1NiJ9.eyJhIjoyfQ.M2XIcUNO6rv2W_JHTN1lfNvNZTmwmFZZuCx9gKq_3-HHKZg7ZtRYp5g6vWz\#
      Al2e26jhqvJQfTFGSWP3XpSiv9XSgQD34wuJlKcvT8tT-uOL2IRBeFHllDZCMosUX_5gRsIdIuMVxNeOGHECOCWvHjVSoyk816qnwe9xg2n7bS_O\#
      nOcEo0ToBWyxXR0WeRRhNFZoAO90wpGwPBxCTeWa3A06_077iUTeAu7szsitVjGyZs5hVg-lidJkvgCZDgIwN_1tEeBBf1vRIGkDA8L6ImH2ORLo\#
      AmdnCrYZCZl95uHmCui_n4BDWzh_vg31vmcyjcfddqC5GPpqUnYbIH1waOw", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> false
      io.jwt.verify_ps384("eyJhbGciOiJQUzM4NCJ9.eyJhIjoxfQ.Rybo_gjBhOl4-GvROWKOr5-EJBB-alz9OF25AOgMaKDp0tmYmrA9CifUwT4\#
      hdruCxVBrNUBIZiEOaiDYrXS7xv2ZDd-gYz0hYDYpXeOmJ54EnG03tqoImOzG6qvBbQDccb9M2LMgTMdCYzMFvu-_sjlGxqmAWOJajNtw02E94Td\#
      8vIpJoa0BRBJv3OXAfxSV0IemclrF8OLKDMJ-KbBSJgBQPsn96qd_WjZgRFceYLkJRyVS6RDoQaQ9IvNm3DoaLGorfdACS3twlED_Etwc4VFFiLY\#
      wZ0k3z_XOcO1Z6R7KGeerZGM2-qe398GcduOY8cBLG0KQMK3ErnHOygjASQ", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> true
      io.jwt.verify_ps384("eyJhbGciOiJQUzM4NCJ9.eyJhIjoyfQ.Rybo_gjBhOl4-GvROWKOr5-EJBB-alz9OF25AOgMaKDp0tmYmrA9CifUwT4\#
      hdruCxVBrNUBIZiEOaiDYrXS7xv2ZDd-gYz0hYDYpXeOmJ54EnG03tqoImOzG6qvBbQDccb9M2LMgTMdCYzMFvu-_sjlGxqmAWOJajNtw02E94Td\#
      8vIpJoa0BRBJv3OXAfxSV0IemclrF8OLKDMJ-KbBSJgBQPsn96qd_WjZgRFceYLkJRyVS6RDoQaQ9IvNm3DoaLGorfdACS3twlED_Etwc4VFFiLY\#
      wZ0k3z_XOcO1Z6R7KGeerZGM2-qe398GcduOY8cBLG0KQMK3ErnHOygjASQ", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> false
      io.jwt.verify_ps512("eyJhbGciOiJQUzUxMiJ9.eyJhIjoxfQ.Mfn2H20iro3U_6sAruI5A8a8v98Fq9WyXM7O-Lsz_AKwr640CMZz2GNAqnD\#
      M9sC0-c4vRCzRuzNBac9sBrz6Tc24rMIOuVcKo13d_CYwmyw2c0m_x50mGdCmxpEdOaxpr1d4vSYvaNiKX0pEs1Eb7F0WKDZ4euwHM-jmuuH6AR2\#
      CYHGdoyLh_-ci9TSjZ8TudRROecgooOV7vbza0frQMPTa_X4K8YrhD7Lw2QhsPqYpQcOipUd_tzVLVV97yyvg19_dTZ_zK2A5T8HfzmPrIERFhbR\#
      j0cyUVKBjE0UyrzpzOOSwNC8JhFJ2v0yRBoYvi_iRCIBiW2ENCL-x20_vFg", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> true
      io.jwt.verify_ps512("eyJhbGciOiJQUzUxMiJ9.eyJhIjoyfQ.Mfn2H20iro3U_6sAruI5A8a8v98Fq9WyXM7O-Lsz_AKwr640CMZz2GNAqnD\#
      M9sC0-c4vRCzRuzNBac9sBrz6Tc24rMIOuVcKo13d_CYwmyw2c0m_x50mGdCmxpEdOaxpr1d4vSYvaNiKX0pEs1Eb7F0WKDZ4euwHM-jmuuH6AR2\#
      CYHGdoyLh_-ci9TSjZ8TudRROecgooOV7vbza0frQMPTa_X4K8YrhD7Lw2QhsPqYpQcOipUd_tzVLVV97yyvg19_dTZ_zK2A5T8HfzmPrIERFhbR\#
      j0cyUVKBjE0UyrzpzOOSwNC8JhFJ2v0yRBoYvi_iRCIBiW2ENCL-x20_vFg", "{\"kty\":\"RSA\",\"n\":\"kAf8t9INfPevMxudgJF7tT_g\#
      JKLCqt0Fv9_4rP-alE1CABcFCfgJ_CVYlzAImUKMH3hnxW_xLi6QPCgb23ix8p00Z_rN4rrBrw09UOgV1opPWbDbkiwnkZWJPC5ef0SfXp25lJ4L\#
      nUBYxC1E8oxG5giyMLqC0zi4KVmAbQSwQ9PCDBJMEoXFtRiOYt5MYZIyIxWOjaM_ZEfJgrCVTueH96ssg-KOY8bjYXGpEQpwyBZsQqDqlcMe0SZ5\#
      NAkP29E7n6gbN62mwDUOPi_yR6bsv4dbaKKR7W0KrYcwrEgT_2JmmniulR182fOG_9nxYDIP7BA8NIkq6FHP-YietTVEVQ\",\"e\":\"AQAB\"}\#
      ") -> false
      io.jwt.verify_es256("eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.Yi_gBHhksdplWra9Yi7mz8cdfNOMA10Y-tRFx9tJGhTzXFsPp-hXIfDzXkx\#
      xoqRQ8fx3a9RMLwSrtyAr68HH6Q", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"QNcSASH68VS4JVpXhgJ__Obyus9ZHjg6Hv-f_BN\#
      MrVk\",\"y\":\"Zkw2d8b1KpE6J_ySRJgpincMtpyxlu0XazJd5arOV0w\"}") -> true
      io.jwt.verify_es256("eyJhbGciOiJFUzI1NiJ9.eyJhIjoyfQ.Yi_gBHhksdplWra9Yi7mz8cdfNOMA10Y-tRFx9tJGhTzXFsPp-hXIfDzXkx\#
      xoqRQ8fx3a9RMLwSrtyAr68HH6Q", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"QNcSASH68VS4JVpXhgJ__Obyus9ZHjg6Hv-f_BN\#
      MrVk\",\"y\":\"Zkw2d8b1KpE6J_ySRJgpincMtpyxlu0XazJd5arOV0w\"}") -> false
      io.jwt.verify_es384("eyJhbGciOiJFUzM4NCJ9.eyJhIjoxfQ.VuJl4j5NvGkiAmSAtqYSb9EPXF3VaXMYXZUtjt4coa5R98uql2jktctWlnE\#
      q6sjYh4rIxQiIdgwHu8UAZcLihUalfMcs31ocN5poeHMEOqm6A8oXojmZq_o6WFqpEckV", "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\"\#
      :\"ov8Coqbvcl7AOcsUvk9TToJ-gBIaEDkkY_tywteDpJFIeXZoPC_f1Zs1y_6fUpZd\",\"y\":\"10Vss7FUfpO1JAyOBdrqjrw26jd2Zq9tYP\#
      yI4zwAIRuZoNIYWA-8k8aDAEcvFyku\"}") -> true
      io.jwt.verify_es384("eyJhbGciOiJFUzM4NCJ9.eyJhIjoyfQ.VuJl4j5NvGkiAmSAtqYSb9EPXF3VaXMYXZUtjt4coa5R98uql2jktctWlnE\#
      q6sjYh4rIxQiIdgwHu8UAZcLihUalfMcs31ocN5poeHMEOqm6A8oXojmZq_o6WFqpEckV", "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\"\#
      :\"ov8Coqbvcl7AOcsUvk9TToJ-gBIaEDkkY_tywteDpJFIeXZoPC_f1Zs1y_6fUpZd\",\"y\":\"10Vss7FUfpO1JAyOBdrqjrw26jd2Zq9tYP\#
      yI4zwAIRuZoNIYWA-8k8aDAEcvFyku\"}") -> false
      io.jwt.verify_es512("eyJhbGciOiJFUzUxMiJ9.eyJhIjoxfQ.AOilLq0_bjy_zAlli7lH_wjV935iGSy81MrvdDVPf1n9o9BAtKnmcXOlOvb\#
      iHdJUW0Ao0j0TMc-M4wjyW4Xe671kAegnejvkr26H_ISk92IYAr386Nq6XxpWhR_VBvogF7iLcQ92neBTIzWx5O7E03ueyBSWWEyAX064UhZMkbH\#
      Irf0D", "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AR2Nj4A1hCqRH8Iwr_AHyiWFHCIkLeue9lh-E5RwesLb9lDHPdVMq6-Mk5FhH\#
      n2HnK7Djo0O4KtefuyE4FpUw8rF\",\"y\":\"AG8ZM5K2glnv3WxeRLDjO72zdcISmjD1VwJIArccG0EdWf59xfHqd1Bei77RdJLGyDXyzZ0J3U\#
      YLUAd7NPK3kI5S\"}") -> true
      io.jwt.verify_es512("eyJhbGciOiJFUzUxMiJ9.eyJhIjoyfQ.AOilLq0_bjy_zAlli7lH_wjV935iGSy81MrvdDVPf1n9o9BAtKnmcXOlOvb\#
      iHdJUW0Ao0j0TMc-M4wjyW4Xe671kAegnejvkr26H_ISk92IYAr386Nq6XxpWhR_VBvogF7iLcQ92neBTIzWx5O7E03ueyBSWWEyAX064UhZMkbH\#
      Irf0D", "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AR2Nj4A1hCqRH8Iwr_AHyiWFHCIkLeue9lh-E5RwesLb9lDHPdVMq6-Mk5FhH\#
      n2HnK7Djo0O4KtefuyE4FpUw8rF\",\"y\":\"AG8ZM5K2glnv3WxeRLDjO72zdcISmjD1VwJIArccG0EdWf59xfHqd1Bei77RdJLGyDXyzZ0J3U\#
      YLUAd7NPK3kI5S\"}") -> false
      io.jwt.verify_eddsa("eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.Pd-_4S6zFOSQvQsE-XbT8gzCBgxjdKSzbCNHrqE_vSr5zfjc9BK6FCFwDfG\#
      w5-U0iOqzaj0jFAPHjd4MtQ50Dw", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"OX9K_LSYmvyDqRXCZ_Z5O3wzr7KNoxTPABsC\#
      LbLDjtI\"}") -> true
      io.jwt.verify_eddsa("eyJhbGciOiJFZERTQSJ9.eyJhIjoyfQ.Pd-_4S6zFOSQvQsE-XbT8gzCBgxjdKSzbCNHrqE_vSr5zfjc9BK6FCFwDfG\#
      w5-U0iOqzaj0jFAPHjd4MtQ50Dw", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"OX9K_LSYmvyDqRXCZ_Z5O3wzr7KNoxTPABsC\#
      LbLDjtI\"}") -> false
      io.jwt.verify_hs384("eyJhbGciOiJIUzM4NCJ9.eyJhIjoxfQ.OuS-kdJRZ43hWKiN2N7NLIoxhcrz6YYTtFEyRJ5Wet593ob27ph09v7qZHs\#
      h7CRL", "secret") -> true
      io.jwt.verify_hs384("eyJhbGciOiJIUzM4NCJ9.eyJhIjoyfQ.OuS-kdJRZ43hWKiN2N7NLIoxhcrz6YYTtFEyRJ5Wet593ob27ph09v7qZHs\#
      h7CRL", "secret") -> false
      io.jwt.verify_hs512("eyJhbGciOiJIUzUxMiJ9.eyJhIjoxfQ.BF_tUPvklg9KFYZK9lo-0_HXBevC990FcmaXXELkB3yqoT6SUSJ_y022W5p\#
      1CKLuwaqDA4D7x9DlZkGE9EQfbA", "secret") -> true
      io.jwt.verify_hs512("eyJhbGciOiJIUzUxMiJ9.eyJhIjoyfQ.BF_tUPvklg9KFYZK9lo-0_HXBevC990FcmaXXELkB3yqoT6SUSJ_y022W5p\#
      1CKLuwaqDA4D7x9DlZkGE9EQfbA", "secret") -> false
      io.jwt.encode_sign({"alg": "HS256", "typ": "JWT"}, {"a": 1}, {"kty": "oct", "k": "c2VjcmV0"}) -> "eyJhbGciOiJIUz\#
      I1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.57TF7smP9XDhIexBqPC-F1toZReYZLWb_YRU5tv0sxM"
      io.jwt.encode_sign({"alg": "HS512"}, {}, {"kty": "oct", "k": "c2VjcmV0"}) -> "eyJhbGciOiJIUzUxMiJ9.e30.P_BilX5OM\#
      TZKsBDTFb9h2C5aNxDSLeVYdFVlW-kFPt8qhmCbCCSc59tt4AGdEHRhjIdKjE-Q-d0Se3XEk0_EuQ"
      io.jwt.encode_sign_raw("{\"alg\":\"HS384\"}", "{\"b\": 2}", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}") -> "eyJhbGci\#
      OiJIUzM4NCJ9.eyJiIjogMn0.080NKPDsRVHgGmdIGpH45TLfZOTrYVBO3tSKFMWaBqDvBaTN9OP9N8_GqTzrhrHH"
      io.jwt.encode_sign({"alg": "none"}, {}, {"kty": "oct", "k": "c2VjcmV0"}) -> eval_builtin_error: unknown JWS algo\#
      rithm: none
      """#))
  func answers(_ example: BuiltinCase) { example.check() }
}
