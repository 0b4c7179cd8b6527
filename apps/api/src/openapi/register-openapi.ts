import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { serviceVersion } from '../config/service-version.js';
import { addRequestProblems } from './add-request-problems.js';

const DESCRIPTION = `Continual Learning as a Service: chat with an adapter, send feedback on an answer, and the next answer has learned.

Errors are \`application/problem+json\`; their \`code\` is stable, and \`detail\` says what to do next. On the OpenAI-compatible
routes they also have OpenAI's \`error\` object. Fields that a request doesn't know are refused.`;

/** `/openapi.json`, and the explorer at `/docs`, whose parts are all served from here. */
export function registerOpenApi(app: INestApplication): void {
  const document = describeApi(app);
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'CLaaS API',
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
  });
}

export function describeApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('CLaaS API')
    .setDescription(DESCRIPTION)
    .setVersion(serviceVersion())
    .addServer('/')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  return addRequestProblems(document);
}
