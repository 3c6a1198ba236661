// Serves istio.v1.auth.IstioCertificateService/CreateCertificate, and the HandleCSR of Istio 0.2 to 1.0 beside it.
import { create } from '@bufbuild/protobuf';
import {
  type CsrRequest,
  type CsrResponse,
  CsrResponseSchema,
  IstioCAService,
  type IstioCertificateRequest,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';
import { type IssuanceOptions, issuer } from './issuance.ts';

type Unary<Request, Response> = (call: GrpcCall<Request, Response>, reply: GrpcReply<Response>) => void;

const UNAUTHENTICATED = 16;

/** What istiod serves. */
export function certificateService(options: IssuanceOptions): GrpcService {
  const issue = issuer(options);
  const CreateCertificate: Unary<IstioCertificateRequest, IstioCertificateResponse> = (call, reply) => {
    const { csr, validityDuration, metadata } = call.request;
    const impersonates = metadata?.['ImpersonatedIdentity'] !== undefined;
    void issue(call, { csr, ttlMs: Number(validityDuration) * 1000, impersonates }).then((answer) => {
      if ('refused' in answer) return reply(answer.refused);
      reply(null, create(IstioCertificateResponseSchema, { certChain: [...answer.issued.chain] }));
    });
  };
  return { definition: grpcService(IstioCertificateService), implementation: { CreateCertificate } };
}

/** What node agents of Istio 0.2 to 1.0 ask. A refusal is an answer with its status there, unless nobody proved who asks. */
export function nodeAgentService(options: IssuanceOptions): GrpcService {
  const issue = issuer(options);
  const HandleCSR: Unary<CsrRequest, CsrResponse> = (call, reply) => {
    const { csrPem, requestedTtlMinutes } = call.request;
    const wanted = {
      csr: Buffer.from(csrPem).toString('latin1'),
      ttlMs: requestedTtlMinutes * 60_000,
      impersonates: false,
    };
    void issue(call, wanted).then((answer) => {
      if ('issued' in answer) return reply(null, approval(answer.issued.chain));
      const { code, details } = answer.refused;
      if (code === UNAUTHENTICATED) return reply(answer.refused);
      reply(null, create(CsrResponseSchema, { isApproved: false, status: { code, message: details } }));
    });
  };
  return { definition: grpcService(IstioCAService), implementation: { HandleCSR } };
}

/** Peers of that time have the root from their secret: it is not in the chain. */
function approval([leaf, ...rest]: readonly string[]): CsrResponse {
  const path = rest.slice(0, -1).join('');
  return create(CsrResponseSchema, {
    isApproved: true,
    status: { code: 0, message: 'OK' },
    signedCert: Buffer.from(leaf!),
    certChain: Buffer.from(path),
  });
}
