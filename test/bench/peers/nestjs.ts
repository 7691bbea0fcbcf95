import 'reflect-metadata';
import {
  BadGatewayException,
  BadRequestException,
  Body,
  Controller,
  Get,
  Module,
  NotFoundException,
  Param,
  Post,
  Put,
  Query,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { pinoHttp } from 'pino-http';
import { Pool } from 'undici';
import * as store from './store.ts';

// The two services on NestJS with Express, as its documentation has it: controllers, and classes with decorators that a
// pipe validates. It has no log of requests of its own; pino-http is the usual one.
// node nestjs.js users|tasks

const [, , role] = process.argv;
const statuses = ['pending', 'in-progress', 'completed'] as const;

class NewUser {
  @Length(1, 200) name!: string;
  @IsEmail() @MaxLength(320) email!: string;
}

class TaskChanges {
  @IsOptional() @Length(1, 200) title?: string;
  @IsOptional() @IsString() @MaxLength(10_000) description?: string | null;
  @IsOptional() @IsIn(statuses) status?: (typeof statuses)[number];
}

class NewTask {
  @IsString() userId!: string;
  @Length(1, 200) title!: string;
  @IsOptional() @IsString() @MaxLength(10_000) description?: string | null;
  @IsOptional() @IsIn(statuses) status?: (typeof statuses)[number];
}

const found = <T>(document: T | undefined): T => {
  if (document === undefined) throw new NotFoundException();
  return document;
};

@Controller('health')
class HealthController {
  @Get() health() {
    return { status: 'healthy' };
  }
}

@Controller('users')
class UsersController {
  private readonly taskService = new Pool(String(process.env.TASK_BASE));

  @Post() create(@Body() user: NewUser) {
    return store.createUser(user);
  }

  @Get(':id') async find(@Param('id') id: string) {
    return found(await store.findUser(id));
  }

  @Get(':id/tasks') async withTasks(@Param('id') id: string) {
    const user = found(await store.findUser(id));
    const { statusCode, body } = await this.taskService.request({
      method: 'GET',
      path: `/tasks?userId=${id}`,
    });
    const tasks = await body.json();
    if (statusCode !== 200) throw new BadGatewayException();
    return { user, tasks };
  }
}

@Controller('tasks')
class TasksController {
  @Post() async create(@Body() task: NewTask) {
    const created = await store.createTask(task);
    if (created === undefined) throw new BadRequestException('unknown user');
    return created;
  }

  @Get() list(@Query('userId') userId: string) {
    return store.tasksOf(userId);
  }

  @Get(':id') async find(@Param('id') id: string) {
    return found(await store.findTask(id));
  }

  @Put(':id') async update(@Param('id') id: string, @Body() changes: TaskChanges) {
    return found(await store.updateTask(id, changes));
  }
}

@Module({ controllers: [HealthController, role === 'users' ? UsersController : TasksController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.use(pinoHttp());
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.listen(Number(process.env.PORT), '127.0.0.1');
